/** What a person asked, and an answer with JSON, or what looks like it, that reaches them as it is. */
export interface JsonAnswer {
  readonly said: string;
  readonly text: string;
}

export const jsonAnswers: readonly JsonAnswer[] = [
  {
    said: "Give me the three largest cities of Japan as JSON.",
    text: '{"cities":[{"name":"Tokyo"},{"name":"Yokohama"},{"name":"Osaka"}]}',
  },
  {
    said: "Reply with JSON only: name and age of a made-up person.",
    text: '{"name":"Ada","age":36}',
  },
  { said: "Antworte nur mit JSON: Name und Alter.", text: '{\n  "name": "Ada",\n  "alter": 36\n}' },
  { said: "Donne-moi un exemple en JSON.", text: '{"nom": "Ada", "\u00e2ge": 36}' },
  { said: "Dame un ejemplo en JSON de un usuario.", text: '```json\n{"nombre":"Ada"}\n```' },
  {
    said: "Write me a package.json with a test script.",
    text: '```json\n{\n  "name": "demo",\n  "version": "1.0.0",\n  "scripts": { "test": "vitest" }\n}\n```',
  },
  {
    said: "Write me a package.json with a test script, no code block.",
    text: '{"name":"demo","version":"1.0.0","scripts":{"test":"vitest"}}',
  },
  {
    said: "Give me a JSON object with a command and its description.",
    text: '{"command":"ls -la","description":"lists all files"}',
  },
  {
    said: 'Return JSON {"action": ..., "target": ...} for turning on the kitchen light.',
    text: '{"action":"turn_on","target":"kitchen_light"}',
  },
  {
    said: "Make a JSON list of five shell commands, each with command and explanation.",
    text: '[{"command":"ls","explanation":"list"},{"command":"pwd","explanation":"where"},{"command":"cat","explanation":"show"},{"command":"cp","explanation":"copy"},{"command":"mv","explanation":"move"}]',
  },
  {
    said: "Give me a JSON workout plan with steps.",
    text: '{"plan":"strength","steps":[{"name":"squat","reps":10},{"name":"row","reps":8}]}',
  },
  {
    said: "A recipe as JSON please, with ingredients and steps",
    text: '```json\n{"title":"Pancakes","ingredients":["flour","milk","eggs"],"steps":["mix","fry"]}\n```',
  },
  {
    said: "What does a GitHub webhook payload for an opened pull request look like?",
    text: 'It looks like this:\n\n```json\n{"action":"opened","number":1,"pull_request":{"title":"Fix"}}\n```\n\nThe `action` field tells what happened.',
  },
  {
    said: "Show an example MCP server config.",
    text: 'Put this into `mcp.json`:\n\n```json\n{"mcpServers":{"files":{"command":"npx","args":["-y","@modelcontextprotocol/server-filesystem","/data"]}}}\n```',
  },
  {
    said: "Give me a VS Code tasks.json for npm run build",
    text: '```json\n{"version":"2.0.0","tasks":[{"label":"build","type":"shell","command":"npm run build","group":"build"}]}\n```',
  },
  {
    said: "launch.json for debugging node, please",
    text: '```json\n{"version":"0.2.0","configurations":[{"type":"node","request":"launch","name":"Run","program":"${workspaceFolder}/index.js"}]}\n```',
  },
  {
    said: "Write a JSON schema for a user.",
    text: '```json\n{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"name":{"type":"string"}},"required":["name"]}\n```',
  },
  {
    said: "How do I define a function for OpenAI's function calling?",
    text: 'Like this:\n```json\n{"type":"function","function":{"name":"get_weather","description":"Weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}\n```',
  },
  {
    said: "What does a tool call look like in the OpenAI API response?",
    text: '```json\n{"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\\"city\\":\\"Paris\\"}"}}]}\n```\nThe arguments are a JSON string.',
  },
  {
    said: "Explain the ReAct prompting pattern with an example.",
    text: "ReAct interleaves thoughts and actions:\n\nThought: I need the capital.\nAction: search\nAction Input: capital of France\nObservation: Paris\nFinal Answer: Paris\n\nThe loop goes on until the final answer.",
  },
  {
    said: 'What does {"action":"opened"} mean in a webhook?',
    text: 'The object `{"action":"opened"}` says that the pull request was opened.',
  },
  { said: "Convert this to JSON: tool hammer, weight 2", text: '{"tool":"hammer","weight":2}' },
  { said: "Convert this to JSON: tool = hammer", text: '{"tool": "hammer"}' },
  { said: "As an object: function f at line 10", text: '{"function":"f","line":10}' },
  {
    said: "Give me the docker-compose as JSON",
    text: '{"services":{"web":{"image":"nginx","command":["nginx","-g","daemon off;"]}}}',
  },
  {
    said: "Show me an IAM policy as JSON that allows reading a bucket.",
    text: '```json\n{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}\n```',
  },
  {
    said: "Give me a JSON-RPC request for adding two numbers.",
    text: '{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1}',
  },
  {
    said: "A JSON-RPC request calling an MCP tool, please.",
    text: '```json\n{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"path":"a"}}}\n```',
  },
  {
    said: "Give me ndjson with two events",
    text: '{"event":"start","at":1}\n{"event":"stop","at":2}',
  },
  {
    said: "YAML please: a GitHub workflow that runs npm test",
    text: "```yaml\non: push\njobs:\n  test:\n    steps:\n      - run: npm test\n```",
  },
  {
    said: "Give me a tsconfig.json",
    text: '{\n  "compilerOptions": {\n    "strict": true\n  }\n}',
  },
  {
    said: "Generate GeoJSON for Berlin",
    text: '{"type":"Feature","geometry":{"type":"Point","coordinates":[13.4,52.5]},"properties":{"name":"Berlin"}}',
  },
  {
    said: "Classify the sentiment, answer as JSON with label and confidence: 'I love it'",
    text: '{"label":"positive","confidence":0.98}',
  },
  {
    said: "Extract name and status as json from: Bob is done",
    text: '{"name":"Bob","status":"done"}',
  },
  {
    said: "Extract the intent as JSON: book a flight to Rome",
    text: '{"intent":"book_flight","destination":"Rome"}',
  },
  {
    said: "Give the answer as JSON with reasoning and answer: 2+2?",
    text: '{"reasoning":"2 and 2 are 4","answer":"4"}',
  },
  { said: "json: thought of the day", text: '{"thought":"Less is more."}' },
  { said: "Return an empty JSON object", text: "{}" },
  { said: "Return an empty JSON array", text: "[]" },
  { said: "Return JSON array of primes below 10", text: "[2, 3, 5, 7]" },
  { said: "Give me nested JSON 3 levels deep", text: '{"a":{"b":{"c":null}}}' },
  {
    said: "Write a renovate.json with a schedule",
    text: '```json\n{"extends":["config:recommended"],"schedule":["before 5am on monday"]}\n```',
  },
  {
    said: "Escribe un objeto JSON con acci\u00f3n y objetivo",
    text: '{"accion":"abrir","objetivo":"puerta"}',
  },
  {
    said: "What would the API response for a failed job be? Show the body.",
    text: '```json\n{"status":"failed","error":{"code":"timeout","message":"It took too long"}}\n```',
  },
  {
    said: "Mock response body for GET /plans",
    text: '{"plans":[{"plan":"pro","price":10},{"plan":"free","price":0}]}',
  },
  {
    said: "Write the JSON for a Slack message with one button",
    text: '```json\n{"blocks":[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"OK"},"action_id":"ok"}]}]}\n```',
  },
  {
    said: "Show me a Terraform state snippet in JSON",
    text: '{"version":4,"resources":[{"mode":"managed","type":"aws_s3_bucket","name":"b"}]}',
  },
  { said: "As JSON with single quotes, Python style dict: a 1", text: "{'a': 1}" },
  {
    said: "Give me a JSON with emoji and umlauts",
    text: '{"gru\u00df":"sch\u00f6ne Gr\u00fc\u00dfe \ud83d\udc4b\ud83c\udffd","zwj":"\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67"}',
  },
  {
    said: "Create an eslint config in JSON with the rule no-console",
    text: '```jsonc\n{"rules":{"no-console":"error"}}\n```',
  },
  {
    said: "How do I add a script to npm?",
    text: 'Open `package.json` and add it under `scripts`:\n\n```json\n{\n  "scripts": {\n    "lint": "oxlint"\n  }\n}\n```\n\nThen run `npm run lint`.',
  },
  {
    said: "How do I configure a language server in my editor?",
    text: 'Add this to `settings.json`:\n```json\n{"lsp":{"rust":{"command":"rust-analyzer","args":[]}}}\n```\nand restart the editor.',
  },
  {
    said: "How do I start it with Claude Desktop?",
    text: 'For example:\n\n```json\n{"command": "node", "args": ["server.js"]}\n```\n\nSave it and restart the app.',
  },
  {
    said: "What did the endpoint return?",
    text: 'It returned `{"status":"ok","command":"start"}` after 20 ms.',
  },
  {
    said: "What is in the file?",
    text: 'The file contains:\n\n{"name":"demo","version":"1.0.0"}\n\nNothing else.',
  },
  {
    said: "What does the log say?",
    text: 'The last line of the log reads:\n```json\n{"level":"error","action":"login","user":"ada","msg":"denied"}\n```\nso the login was denied.',
  },
  {
    said: "How do I write a struct literal in C?",
    text: "Use braces: `struct p a = {1, 2};` or `{.x = 1}`.",
  },
  {
    said: "How do I format in Python?",
    text: 'Use `f"{name}: {value}"`, or `"{}".format(x)`; a set is {1, 2, 3} and a dict `{"a": 1}`.',
  },
  { said: "Show a CSS rule", text: "```css\n.a { color: red; }\n```" },
  {
    said: "What is the set?",
    text: "It is {a, b, c}, and [1, 2] is a list; see [the docs](https://example.org) and [ ] the box.",
  },
  {
    said: "Explain the template",
    text: "Write `{{ name }}` or ${name}; in LaTeX \\frac{a}{b} and \\begin{align}x\\end{align}.",
  },
  {
    said: "Show JS",
    text: '```js\nconst a = { command: "ls", action: () => {} };\nrun({ tool: a });\n```',
  },
  {
    said: "A React component?",
    text: '```tsx\nexport const A = () => <Action tool={{ name: "x" }} />;\n```',
  },
  {
    said: "How do I use curl to post to the API?",
    text: 'Run:\n```bash\ncurl -d \'{"action":"start"}\' http://localhost:8080/run\n```',
  },
  {
    said: "Summarise the incident.",
    text: "Action: the on-call engineer restarted the server.\nResult: it works again.",
  },
  {
    said: "What should we do next?",
    text: "Plan:\n1. Upgrade.\n2. Test.\n\nAction items: see below.\nAction: Bob writes the post-mortem.\nDue: Monday.",
  },
  {
    said: "Which HTML element thinks?",
    text: "None; `<think>` is no element, and `<tool_call>` neither.",
  },
  { said: "What is 2 < 3?", text: "2 < 3 is true, and a <b, c> d too; x<y." },
  { said: "Quote it", text: 'He said "{hello}" and "[sic]".' },
];
