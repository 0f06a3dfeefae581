#!/usr/bin/env node
// Starts the compiled command line. npm links a clone's `bin` the first time that `npx cmtdet` is called there, and keeps the
// link: one into dist/, which the set-up makes, would stay broken for ever if it was made too early. This file is always there.
import('../dist/cli/main.js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('error: cmtdet is not set up here yet: run `npm run setup` in its folder first.\n');
  process.exitCode = 1;
});
