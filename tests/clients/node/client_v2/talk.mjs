// The TypeScript client of version 2. `era` is what it asks for: the newest protocol, or the older.

import { readFileSync } from "node:fs";

import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const { server, calls, era } = JSON.parse(readFileSync(0, "utf8"));
const mode = era === "legacy" ? "legacy" : "auto";
const client = new Client({ name: "talk", version: "1" }, { versionNegotiation: { mode } });
await client.connect(new StdioClientTransport({ ...server, stderr: "inherit" }));

const { tools } = await client.listTools();
const answers = [];
for (const [name, args] of calls) {
  const said = await client.callTool({ name, arguments: args });
  answers.push({ error: said.isError === true, text: said.content[0].text });
}
const protocol = client.getNegotiatedProtocolVersion();
await client.close();

process.stdout.write(JSON.stringify({ tools: tools.map((tool) => tool.name), protocol, answers }));
