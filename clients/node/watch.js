// node watch.js RUN [AFTER_SEQUENCE] — prints the events of a run as JSON, one a line, from any point to its end.

import { connect } from "./connect.js";

const [name, afterSequence = "0"] = process.argv.slice(2);
if (!name) {
  console.error("usage: node watch.js runs/RUN [AFTER_SEQUENCE]");
  process.exit(2);
}
try {
  for await (const event of connect().runs.watchRun({ name, afterSequence: Number(afterSequence) })) {
    console.log(JSON.stringify(event));
  }
} catch (error) {
  console.error(`Error: ${error.details ?? error.message}`);
  process.exitCode = 1;
}
