import { enableCompileCache } from 'node:module';
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { keepOutputFromBlocking, outputEnds } from './commands/output.ts';
import { runProgram } from './commands/program.ts';
import { exitCodes } from './errors.ts';

/** Where a name has several addresses, Node gives each 250 ms, which is too little for a slow network. */
setDefaultAutoSelectFamilyAttemptTimeout(2_500);

// A third of what a command takes to start is compiling; in the image NODE_COMPILE_CACHE has it done already.
enableCompileCache();
keepOutputFromBlocking();

const exitCode = await runProgram(process.argv.slice(2));
// Output that could not be written has set one already.
if (exitCode !== exitCodes.done) process.exitCode = exitCode;
await outputEnds();
