import { Command, CommanderError } from 'commander';
import { exitCodes } from '../errors.js';
import { packageVersion } from '../run/version.js';
import { addCommands } from './commands.js';
import { beQuiet } from './console.js';
import { addExamples } from './examples.js';
import { reportError } from './report.js';

// Standard output belongs to results. Libraries that greet there (tfjs does) speak on standard error instead.
console.log = console.error;
console.info = console.error;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done); // the reader (`| head`) has seen enough
  process.exit(reportError(Object.assign(error, { path: 'standard output' })));
});

// A reader of messages that is gone (a closed terminal, `2>&1 | head`) ends no work.
process.stderr.on('error', () => {});

/** Time to end by itself after an error. */
const graceMs = 3000;

try {
  if (process.argv.length > 2) await createProgram().parseAsync();
  else {
    const { nextSteps } = await import('./nextStep.js');
    for (const line of nextSteps()) process.stderr.write(`${line}\n`);
    process.exitCode = exitCodes.usage;
  }
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  else process.exitCode = reportError(error);
  // What was left open by the failure (worker threads, a session) must not keep a failed command alive.
  setTimeout(() => process.exit(), graceMs).unref();
}

function createProgram(): Command {
  const program = new Command('cmtdet')
    .description('Object detection in TypeScript: CMT backbone, FPN, RetinaNet. Pretrain, train, evaluate, predict.')
    .version(packageVersion(), '--version', 'print the version')
    .helpCommand(false)
    .option('--quiet', 'no progress and no notes: warnings, errors and results alone')
    .showHelpAfterError('(run with --help for the options)')
    .exitOverride()
    .hook('preAction', (_, command) => {
      if (command.optsWithGlobals().quiet) beQuiet();
    });
  addCommands(program);
  addExamples(program);
  return program;
}
