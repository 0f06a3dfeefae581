/** Frames of a video, through the ffmpeg that is installed. */
import { spawn } from 'node:child_process';
import { type RgbImage, rgbChannels } from '../data/image/image.js';
import { DatasetError, ImageError } from '../errors.js';

const videoEnding = /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv|flv|ts|3gp|ogv)$/i;

/** Whether a name has the ending of a video. */
export const hasVideoEnding = (name: string): boolean => videoEnding.test(name);

export interface VideoOptions {
  /** Frames of a second of film. @default all */
  readonly fps?: number | undefined;
}

/**
 * The frames of a film in their order, upright. ffmpeg waits while nobody takes them, and ends when the loop is left.
 *
 * @throws DatasetError where ffmpeg is not installed
 * @throws ImageError with ffmpeg's last words where the file is no film that it can read
 */
export async function* videoFrames(
  file: string,
  { fps }: VideoOptions = {},
): AsyncGenerator<RgbImage, void, undefined> {
  const filter = fps === undefined ? [] : ['-vf', `fps=${fps}`];
  // Pixmaps say their size in front of each frame, so that nothing has to be asked before.
  const output = [...filter, '-f', 'image2pipe', '-c:v', 'ppm', '-pix_fmt', 'rgb24', '-'];
  const command = process.env.CMTDET_FFMPEG ?? 'ffmpeg';
  const ffmpeg = spawn(command, ['-nostdin', '-v', 'error', '-i', `file:${file}`, ...output], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  ffmpeg.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    ffmpeg.once('error', reject);
    ffmpeg.once('close', resolve);
  });
  ended.catch(() => {}); // it is awaited below
  let frames = 0;
  try {
    for await (const frame of pixmaps(ffmpeg.stdout)) {
      frames++;
      yield frame;
    }
    const code = await ended;
    if (code !== 0 || frames === 0) throw new ImageError(file, words.trim().split('\n').at(-1) || 'has no frames');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const message =
      'is a video, which needs ffmpeg, and that is not installed (apt install ffmpeg, brew install ffmpeg), or not where CMTDET_FFMPEG says';
    throw new DatasetError('inputs', [{ at: file, message }]);
  } finally {
    ffmpeg.kill('SIGKILL');
  }
}

/** Pictures of a stream of binary pixmaps of 8 bits: `P6 WIDTH HEIGHT 255`, then the pixels. */
async function* pixmaps(stream: AsyncIterable<Buffer>): AsyncGenerator<RgbImage> {
  let waiting: Buffer[] = [];
  let length = 0;
  let needed = 1;
  for await (const chunk of stream) {
    waiting.push(chunk);
    length += chunk.length;
    while (length >= needed) {
      const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting, length);
      waiting = [bytes];
      const header = /^P6\s(\d+)\s(\d+)\s255\s/.exec(bytes.toString('latin1', 0, 40));
      if (header === null) {
        needed = length + 1;
        continue;
      }
      const [width, height] = [Number(header[1]), Number(header[2])];
      const end = header[0].length + width * height * rgbChannels;
      if (length < end) {
        needed = end;
        continue;
      }
      yield { data: Uint8Array.from(bytes.subarray(header[0].length, end)), width, height };
      waiting = [bytes.subarray(end)];
      length -= end;
      needed = 1;
    }
  }
}
