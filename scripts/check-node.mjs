// Loaded with `node --import` before any TypeScript file: an old Node would otherwise stop with an error about
// the file extension ".ts", which says nothing about what to do. Plain JavaScript, because an old Node reads it.
const wanted = [22, 23, 2];
const have = process.versions.node.split(".").map(Number);
const at = have.findIndex((part, i) => part !== wanted[i]);
if (at !== -1 && at < wanted.length && have[at] < wanted[at]) {
  console.error(
    `sessiond needs Node ${wanted.join(".")} or newer and this is ${process.versions.node}: run "npm ci" here ` +
      "(it brings Node 24 on Linux, macOS and Windows) or install a newer Node.",
  );
  process.exit(1);
}
