// Plain JavaScript on purpose: it must run, and explain, on the old Node it refuses.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `tenuo-ext-authz needs Node 24 or newer, but this is Node ${process.versions.node} (${process.execPath}).\n` +
      "`npm ci` brings its own Node 24 through the development dependency `node`; if that package's install\n" +
      "script was switched off, run `npm rebuild node --foreground-scripts --ignore-scripts=false`, or install Node 24.\n",
  );
  process.exit(1);
}
