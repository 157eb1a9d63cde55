// The TypeScript client of version 1: it holds every structure against the tool's output schema,
// and throws away the words of a refusal that brings one along.

import { readFileSync } from "node:fs";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const { server, calls } = JSON.parse(readFileSync(0, "utf8"));
const client = new Client({ name: "talk", version: "1" });
await client.connect(new StdioClientTransport({ ...server, stderr: "inherit" }));

const { tools } = await client.listTools();
const answers = [];
for (const [name, args] of calls) {
  const said = await client.callTool({ name, arguments: args });
  answers.push({ error: said.isError === true, text: said.content[0].text });
}
await client.close();

process.stdout.write(JSON.stringify({ tools: tools.map((tool) => tool.name), answers }));
