#!/usr/bin/env node
// For any Node, however old: one before 22.18, and 23 before 23.6, cannot even load main.ts. So no syntax and no built-in
// module here that came after Node 12, and nothing imported before the version is known.

var needed = [22, 22];
var version = process.versions.node.split('.').map(Number);
var least = { 22: needed[1], 23: 6 }[version[0]] || 0;

if (version[0] >= needed[0] && version[1] >= least) {
  import('./main.ts').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    end('The packages of obs-code-sync are not installed, or not all of them: run "npm ci" in the checkout.');
  });
} else {
  Promise.all([import('node:child_process'), import('node:fs'), import('node:path')]).then(
    ([childProcess, fs, path]) => {
      var root = path.dirname(path.dirname(fs.realpathSync(process.argv[1])));
      var packaged = `node-${process.platform}-${process.arch}/bin/node`;
      // Beside it where it is a dependency of another package, else below it.
      var pinned = [path.join(root, 'node_modules', packaged), path.join(root, '..', packaged)].find(
        fs.existsSync,
      );
      if (pinned === undefined) refuse();
      else runWith(pinned, childProcess);
    },
    refuse,
  );
}

/** With the arguments as they are, so that the program knows how it was called. */
function runWith(node, childProcess) {
  var child = childProcess.spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => {
    process.on(signal, () => child.kill(signal));
  });
  child.on('error', refuse);
  child.on('exit', (exitCode, signal) => {
    if (signal === null) process.exitCode = exitCode;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}

function refuse() {
  end(
    `obs-code-sync needs Node ${needed.join('.')} or later, and this is ${process.version}: install one, or run "npm ci" in ` +
      'the checkout, which brings one for Linux (unless optional packages are left out).',
  );
}

function end(why) {
  process.stderr.write(`${why}\n`);
  process.exitCode = 2;
}
