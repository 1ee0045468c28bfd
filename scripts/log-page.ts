import { LOG_EVENTS } from "../src/server/log/log-events.ts";
import { DECISION_FIELDS } from "../src/server/log/log-fields.ts";
import { code, table } from "./markdown.ts";

const INTRODUCTION = `# Log

What stands in the log: one JSON object a line on standard output. Names follow SemVer; texts for people (\`message\`,
\`detail\`) don't. How to ask it, and what can be left out or hidden: [log.md](../log.md). Made from the code by
\`npm run generate\`.
`;

/** Every field of a decision's line and every event, as Markdown. */
export function logPage(): string {
  const fields = Object.entries(DECISION_FIELDS).map(([name, { holds, when }]) => [code(name), holds, when]);
  const events = Object.entries(LOG_EVENTS).map(([name, meaning]) => [code(name), meaning]);
  return [
    INTRODUCTION,
    `## Fields of a decision\n\nOf the events \`authorization_success\` and \`authorization_denied\`, in the order of the line.\n\n${table(["field", "holds", "is there"], fields)}`,
    `## Events\n\nEvery line has \`level\`, \`time\` and \`event\`; lines that tell no decision have a \`message\` too.\n\n${table(["event", "tells"], events)}`,
  ].join("\n");
}
