import { openDecoder as openGeneralDecoder } from '../data/image/decode.js';
import { type ColourProfiles, type DecodeImage, meanColour } from '../data/image/image.js';
import { EngineError, exitCodes, ImageError } from '../errors.js';
import { print, printJson, table } from './console.js';

/** How the loader sees a file. */
type Look =
  | { readonly file: string; readonly width: number; readonly height: number; readonly mean: [number, number, number] }
  | { readonly file: string; readonly error: string };

/** `cmtdet data image FILE...`: size and mean colour after all decoding rules. Exit code 1 if a file is no picture. */
export async function runDataImage(
  files: readonly string[],
  options: { readonly colourProfiles?: ColourProfiles; readonly json?: boolean },
): Promise<void> {
  const decode = await openDecoder(options.colourProfiles);
  const looks: Look[] = [];
  for (const file of files) looks.push(await lookAt(file, decode));
  if (options.json) printJson(looks);
  else print(table(['file', 'size', 'mean red', 'green', 'blue'], looks.map(row)));
  if (looks.some((look) => 'error' in look)) process.exitCode = exitCodes.userProblem;
}

/** The decoder of training; without TensorFlow the general one, which gives the same pixels. */
async function openDecoder(colourProfiles?: ColourProfiles): Promise<DecodeImage> {
  const { openDecoder: open } = await import('../tensorflow/jpegDecoder.js');
  try {
    return open(colourProfiles);
  } catch (error) {
    if (error instanceof EngineError) return openGeneralDecoder(colourProfiles);
    throw error;
  }
}

async function lookAt(file: string, decode: DecodeImage): Promise<Look> {
  try {
    const image = await decode(file);
    return { file, width: image.width, height: image.height, mean: meanColour(image) };
  } catch (error) {
    if (error instanceof ImageError) return { file, error: error.reason };
    throw error;
  }
}

function row(look: Look): string[] {
  if ('error' in look) return [look.file, look.error];
  return [look.file, `${look.width} x ${look.height}`, ...look.mean.map((value) => value.toFixed(2))];
}
