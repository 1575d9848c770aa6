import type { FinishReason } from "../../../src/kernel/model.ts";

/** A reply that no person is meant to read, and what is to become of it. */
export interface PlanShape {
  readonly name: string;
  readonly text: string;
  /** With `intent` left out where the tool says it in words of its own. */
  readonly calls?: readonly (readonly [name: string, input: Record<string, unknown>])[];
  readonly answer?: string;
  /** Where it can only be asked again. */
  readonly problem?: "planning" | "empty";
  /** What stands before it and may be shown. */
  readonly shows?: string;
  /** What is shown first turns out to be none of the answer. */
  readonly restarts?: true;
  readonly finish?: FinishReason;
}

export const planShapes: readonly PlanShape[] = [
  {
    name: "a bare command",
    text: '{"command":"ls -la"}',
    calls: [["shell", { command: "ls -la" }]],
  },
  {
    name: "a command with what it is for",
    text: '{"command": "ls", "intent": "see what is here"}',
    calls: [["shell", { command: "ls", intent: "see what is here" }]],
  },
  {
    name: "a command with an explanation",
    text: '{"command":"ls -la src","explanation":"Lists the sources"}',
    calls: [["shell", { command: "ls -la src", intent: "Lists the sources" }]],
  },
  { name: "cmd", text: '{"cmd": "git status"}', calls: [["shell", { command: "git status" }]] },
  {
    name: "a command and its arguments",
    text: '{"command":"git","args":["log","--oneline","a b"]}',
    calls: [["shell", { command: "git log --oneline 'a b'" }]],
  },
  {
    name: "a command as a list of words",
    text: '{"command":["npm","run","test"]}',
    calls: [["shell", { command: "npm run test" }]],
  },
  {
    name: "a thought beside the command",
    text: '{"thought":"I should look first.","command":"ls"}',
    calls: [["shell", { command: "ls", intent: "I should look first." }]],
  },
  {
    name: "a plan in words beside the command",
    text: '{"plan":["list files","read them"],"command":"ls"}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "analysis, plan and command",
    text: '{"analysis":"The repo is unknown","plan":"look around","commands":["ls"]}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a list of commands",
    text: '{"commands": ["ls", "git status"]}',
    calls: [
      ["shell", { command: "ls" }],
      ["shell", { command: "git status" }],
    ],
  },
  {
    name: "commands as objects",
    text: '{"commands":[{"command":"ls"},{"cmd":"pwd"}]}',
    calls: [
      ["shell", { command: "ls" }],
      ["shell", { command: "pwd" }],
    ],
  },
  {
    name: "shell with a command inside",
    text: '{"shell":{"command":"ls"}}',
    calls: [["shell", { command: "ls" }]],
  },
  { name: "shell as the command", text: '{"shell":"ls"}', problem: "planning" },
  {
    name: "shell_info with a command",
    text: '{"shell_info":{"shell":"bash","command":"ls"}}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "shell_info without one",
    text: '{"shell_info":{"os":"linux","shell":"/bin/bash","cwd":"/home/x"}}',
    problem: "planning",
  },
  {
    name: "an action of the tool's name",
    text: '{"action":"read_file","path":"src/main.ts"}',
    calls: [["read_file", { path: "src/main.ts" }]],
  },
  {
    name: "an action with its input",
    text: '{"action":"read_file","action_input":{"path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "an action with its input as text",
    text: '{"action":"read_file","action_input":"a.txt"}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "an action by another agent's name",
    text: '{"action":"run_command","command":"npm test"}',
    calls: [["shell", { command: "npm test" }]],
  },
  {
    name: "an action with parameters",
    text: '{"action":"list_files","parameters":{"path":"src"}}',
    calls: [["list_files", { path: "src" }]],
  },
  {
    name: "an action as an object",
    text: '{"action":{"type":"read_file","path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a next action",
    text: '{"next_action":{"tool":"read_file","args":{"path":"a.txt"}}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "an action that nobody offers",
    text: '{"action":"send_email","to":"a@b.c"}',
    problem: "planning",
  },
  {
    name: "an action for a target",
    text: '{"action":"analyze","target":"codebase"}',
    problem: "planning",
  },
  {
    name: "a tool with arguments",
    text: '{"tool":"read_file","arguments":{"path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a tool with args",
    text: '{"tool": "shell", "args": {"command": "ls"}}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a tool with input",
    text: '{"tool":"search","input":{"pattern":"TODO"}}',
    calls: [["search", { pattern: "TODO" }]],
  },
  {
    name: "a tool and its arguments on one level",
    text: '{"tool":"search","pattern":"TODO","path":"src"}',
    calls: [["search", { pattern: "TODO", path: "src" }]],
  },
  {
    name: "tool_name and tool_input",
    text: '{"tool_name":"read_file","tool_input":{"path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "camel case",
    text: '{"toolName":"read_file","toolInput":{"filePath":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "name and arguments",
    text: '{"name":"read_file","arguments":{"path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "name and parameters",
    text: '{"name": "read_file", "parameters": {"path": "a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "arguments as text",
    text: '{"name":"read_file","arguments":"{\\"path\\":\\"a.txt\\"}"}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "name and input",
    text: '{"type":"tool_use","id":"t1","name":"read_file","input":{"path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a function",
    text: '{"type":"function","function":{"name":"read_file","arguments":"{\\"path\\":\\"a.txt\\"}"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a function by name",
    text: '{"function":"read_file","args":{"file_path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a function_call",
    text: '{"function_call":{"name":"shell","arguments":{"command":"ls"}}}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "tool_calls",
    text: '{"tool_calls":[{"name":"read_file","arguments":{"path":"a.txt"}},{"name":"shell","arguments":{"command":"ls"}}]}',
    calls: [
      ["read_file", { path: "a.txt" }],
      ["shell", { command: "ls" }],
    ],
  },
  {
    name: "tool_calls of OpenAI",
    text: '{"tool_calls":[{"id":"call_1","type":"function","function":{"name":"shell","arguments":"{\\"command\\":\\"ls\\"}"}}]}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a whole assistant message",
    text: '{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"shell","arguments":"{\\"command\\":\\"ls\\"}"}}]}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "tool_uses",
    text: '{"tool_uses":[{"recipient_name":"functions.read_file","parameters":{"path":"a.txt"}}]}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "steps with calls",
    text: '{"steps":[{"step":1,"tool":"read_file","path":"a.txt"},{"step":2,"command":"ls"}]}',
    calls: [
      ["read_file", { path: "a.txt" }],
      ["shell", { command: "ls" }],
    ],
  },
  {
    name: "actions in a list",
    text: '{"actions":[{"action":"read_file","path":"a.txt"}]}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a plan in words",
    text: '{"plan":["Look at the files","Fix the bug","Run the tests"]}',
    problem: "planning",
  },
  {
    name: "steps in words",
    text: '{"steps": [{"step": 1, "description": "Find the file"}, {"step": 2, "description": "Fix it"}]}',
    problem: "planning",
  },
  {
    name: "a thought only",
    text: '{"thought":"The person wants a summary of the file."}',
    problem: "planning",
  },
  {
    name: "a step that cannot be made before one that can",
    text: '{"steps":[{"action":"backup_database"},{"command":"rm -r build"}]}',
    problem: "planning",
  },
  {
    name: "a call inside a wrapper",
    text: '{"response":{"tool":"read_file","args":{"path":"a.txt"}}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "an array of calls",
    text: '[{"name":"read_file","arguments":{"path":"a.txt"}}]',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "an array of commands",
    text: '[{"command":"ls"},{"command":"pwd"}]',
    calls: [
      ["shell", { command: "ls" }],
      ["shell", { command: "pwd" }],
    ],
  },
  {
    name: "a final answer",
    text: '{"action":"final_answer","action_input":"It is 42."}',
    answer: "It is 42.",
  },
  {
    name: "a final answer of LangChain",
    text: '{"action": "Final Answer", "action_input": "It is 42."}',
    answer: "It is 42.",
  },
  {
    name: "no tool and a response",
    text: '{"tool":null,"response":"Hello there!"}',
    answer: "Hello there!",
  },
  {
    name: "tool none and an answer",
    text: '{"tool":"none","answer":"Hello there!"}',
    answer: "Hello there!",
  },
  {
    name: "a thought and an answer",
    text: '{"thought":"A greeting.","answer":"Hello there!"}',
    answer: "Hello there!",
  },
  {
    name: "no calls and a content",
    text: '{"role":"assistant","content":"Hello there!","tool_calls":[]}',
    answer: "Hello there!",
  },
  {
    name: "an action to respond",
    text: '{"action":"respond","message":"Hello there!"}',
    answer: "Hello there!",
  },
  {
    name: "a final_answer",
    text: '{"final_answer":"It is **42**.\\n\\nSure."}',
    answer: "It is **42**.\n\nSure.",
  },
  {
    name: "respond with parameters",
    text: '{"tool":"respond_to_user","parameters":{"message":"Hello there!"}}',
    answer: "Hello there!",
  },
  {
    name: "reasoning and response",
    text: '{"reasoning":"simple","response":"Paris."}',
    answer: "Paris.",
  },
  {
    name: "a json block",
    text: '```json\n{"command": "ls"}\n```',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a block without a language",
    text: '```\n{"command": "ls"}\n```',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a block over several lines",
    text: '```json\n{\n  "tool": "read_file",\n  "arguments": {\n    "path": "a.txt"\n  }\n}\n```\n',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a tilde block",
    text: '~~~json\n{"command":"ls"}\n~~~',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a block that was never closed",
    text: '```json\n{"command": "ls"}\n',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a tool_call block",
    text: '```tool_call\n{"name":"shell","arguments":{"command":"ls"}}\n```',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a block on one line",
    text: '```json {"command": "ls"} ```',
    calls: [["shell", { command: "ls" }]],
  },
  { name: "inline code", text: '`{"command": "ls"}`', calls: [["shell", { command: "ls" }]] },
  {
    name: "an indented block",
    text: '   ```json\n   {"command":"ls"}\n   ```',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "prose before it",
    text: 'I\'ll list the files first.\n\n{"command":"ls"}',
    problem: "planning",
  },
  {
    name: "prose before a block",
    text: 'Let me check.\n\n```json\n{"action":"read_file","path":"a.txt"}\n```',
    calls: [["read_file", { path: "a.txt" }]],
    shows: "Let me check.",
  },
  {
    name: "prose on the same line",
    text: 'Sure! {"command": "ls"}',
    problem: "planning",
  },
  {
    name: "prose behind it",
    text: '{"command":"ls"}\n\nThis lists the files in the folder.',
    problem: "planning",
  },
  {
    name: "prose around a block",
    text: 'I need to see the file.\n```json\n{"tool":"read_file","args":{"path":"a.txt"}}\n```\nOnce I have it I can answer.',
    problem: "planning",
  },
  {
    name: "prose in German",
    text: 'Ich werde die Dateien auflisten:\n{"command":"ls"}',
    problem: "planning",
  },
  {
    name: "a label before it",
    text: 'Action: {"tool":"read_file","args":{"path":"a.txt"}}',
    problem: "planning",
  },
  {
    name: "the language as a word",
    text: 'json\n{"command":"ls"}',
    problem: "planning",
  },
  {
    name: "two in a row",
    text: '{"command":"ls"}\n{"command":"pwd"}',
    calls: [
      ["shell", { command: "ls" }],
      ["shell", { command: "pwd" }],
    ],
  },
  {
    name: "two in a row on a line",
    text: '{"command":"ls"}{"command":"pwd"}',
    calls: [
      ["shell", { command: "ls" }],
      ["shell", { command: "pwd" }],
    ],
  },
  {
    name: "two blocks",
    text: '```json\n{"command":"ls"}\n```\nthen\n```json\n{"command":"pwd"}\n```',
    problem: "planning",
  },
  {
    name: "a thought, then a call",
    text: '{"thought":"look first"}\n{"command":"ls"}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "an answer, then a plan that does nothing",
    text: 'The tests pass and the build is clean; nothing is left to do.\n\n{"next_action": null}',
    answer: "The tests pass and the build is clean; nothing is left to do.",
  },
  { name: "single quotes", text: "{'command': 'ls'}", calls: [["shell", { command: "ls" }]] },
  { name: "a trailing comma", text: '{"command": "ls",}', calls: [["shell", { command: "ls" }]] },
  { name: "keys without quotes", text: '{command: "ls"}', calls: [["shell", { command: "ls" }]] },
  {
    name: "a comment",
    text: '{\n  // see what is there\n  "command": "ls"\n}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "Python's words",
    text: '{"tool": "read_file", "args": {"path": "a.txt", "limit": None}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "curly quotes",
    text: "{\u201ccommand\u201d: \u201cls\u201d}",
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a byte order mark",
    text: '\ufeff{"command":"ls"}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "zero-width characters",
    text: '\u200b{\u200b"com\u200bmand"\u200b:"ls"}\u200b',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "no-break spaces",
    text: '{\u00a0"command"\u00a0:\u00a0"ls"\u00a0}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "a string that holds it",
    text: '"{\\"command\\": \\"ls\\"}"',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "escaped without a string",
    text: '{\\"command\\": \\"ls\\"}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "line breaks within a string",
    text: '{"command":"cat <<X\nhi\nX"}',
    calls: [["shell", { command: "cat <<X\nhi\nX" }]],
  },
  {
    name: "bare quotes within a string",
    text: '{"command":"echo "hi" there"}',
    problem: "planning",
  },
  { name: "triple quotes", text: '{"command": """ls"""}', calls: [["shell", { command: "ls" }]] },
  {
    name: "the last brace forgotten",
    text: '{"tool":"read_file","args":{"path":"a.txt"}',
    problem: "planning",
  },
  {
    name: "cut off within the command",
    text: '{"command":"rm -r bui',
    problem: "planning",
    finish: "length",
  },
  {
    name: "cut off behind the command",
    text: '{"command":"ls","args":["-l"',
    problem: "planning",
    finish: "length",
  },
  { name: "cut off before the value", text: '{"comma', problem: "planning", finish: "length" },
  {
    name: "nested too deep",
    text: '{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":{"tool":"x"}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}',
    problem: "planning",
  },
  {
    name: "Hermes",
    text: '<tool_call>\n{"name": "read_file", "arguments": {"path": "a.txt"}}\n</tool_call>',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Hermes without its end",
    text: '<tool_call>{"name":"read_file","arguments":{"path":"a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "two of Hermes",
    text: '<tool_call>{"name":"read_file","arguments":{"path":"a.txt"}}</tool_call>\n<tool_call>{"name":"shell","arguments":{"command":"ls"}}</tool_call>',
    calls: [
      ["read_file", { path: "a.txt" }],
      ["shell", { command: "ls" }],
    ],
  },
  {
    name: "Hermes behind prose",
    text: 'Let me look.\n<tool_call>{"name":"read_file","arguments":{"path":"a.txt"}}</tool_call>',
    calls: [["read_file", { path: "a.txt" }]],
    shows: "Let me look.",
  },
  {
    name: "invoke",
    text: '<function_calls>\n<invoke name="read_file">\n<parameter name="path">a.txt</parameter>\n</invoke>\n</function_calls>',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "invoke with a prefix",
    text: '<antml:function_calls>\n<antml:invoke name="shell">\n<antml:parameter name="command">ls &amp;&amp; pwd</antml:parameter>\n</antml:invoke>',
    calls: [["shell", { command: "ls && pwd" }]],
  },
  {
    name: "Llama's function tag",
    text: '<function=read_file>{"path":"a.txt"}</function>',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Qwen's function tag",
    text: "<tool_call>\n<function=read_file>\n<parameter=path>\na.txt\n</parameter>\n</function>\n</tool_call>",
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "GLM's tags",
    text: "<tool_call>read_file\n<arg_key>path</arg_key>\n<arg_value>a.txt</arg_value>\n</tool_call>",
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Llama's python tag",
    text: '<|python_tag|>{"name": "read_file", "parameters": {"path": "a.txt"}}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Mistral",
    text: '[TOOL_CALLS] [{"name": "read_file", "arguments": {"path": "a.txt"}}]',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Mistral of late",
    text: '[TOOL_CALLS]read_file{"path": "a.txt"}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Mistral with ARGS",
    text: '[TOOL_CALLS]read_file[ARGS]{"path": "a.txt"}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "functools",
    text: 'functools[{"name":"read_file","arguments":{"path":"a.txt"}}]',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "DeepSeek",
    text: '<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>read_file\n```json\n{"path":"a.txt"}\n```<\uff5ctool\u2581call\u2581end\uff5c><\uff5ctool\u2581calls\u2581end\uff5c>',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Kimi",
    text: '<|tool_calls_section_begin|><|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>{"path":"a.txt"}<|tool_call_end|><|tool_calls_section_end|>',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Harmony",
    text: '<|channel|>analysis<|message|>I must read it.<|end|><|start|>assistant<|channel|>commentary to=functions.read_file <|constrain|>json<|message|>{"path":"a.txt"}<|call|>',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Harmony's final channel",
    text: "<|channel|>analysis<|message|>Easy.<|end|><|start|>assistant<|channel|>final<|message|>It is 42.<|return|>",
    answer: "It is 42.",
  },
  {
    name: "a tag of the tool's name",
    text: "<read_file>\n<path>a.txt</path>\n</read_file>",
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "a tag of another agent's name",
    text: "<execute_command>\n<command>ls</command>\n</execute_command>",
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "execute_bash",
    text: "<execute_bash>\nls -la\n</execute_bash>",
    calls: [["shell", { command: "ls -la" }]],
  },
  {
    name: "a tool tag with a name",
    text: '<tool_use><name>read_file</name><arguments>{"path":"a.txt"}</arguments></tool_use>',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "Gemini's tool_code",
    text: '```tool_code\nprint(default_api.read_file(path="a.txt"))\n```',
    problem: "planning",
  },
  {
    name: "a tool tag with rubbish",
    text: "<tool_call>who knows</tool_call>",
    problem: "planning",
  },
  {
    name: "ReAct",
    text: 'Thought: I need to look.\nAction: read_file\nAction Input: {"path": "a.txt"}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "ReAct with text as input",
    text: "Thought: look\nAction: shell\nAction Input: ls -la",
    calls: [["shell", { command: "ls -la" }]],
  },
  {
    name: "ReAct that goes on by itself",
    text: "Thought: look\nAction: shell\nAction Input: ls\nObservation: a.txt\nThought: done\nFinal Answer: one file",
    problem: "planning",
  },
  {
    name: "ReAct without a thought",
    text: 'Action: read_file\nAction Input: {"path":"a.txt"}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "ReAct in bold",
    text: '**Thought:** I need to look.\n**Action:** read_file\n**Action Input:** {"path":"a.txt"}',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "ReAct behind prose",
    text: 'Sure.\n\nAction: read_file\nAction Input: {"path":"a.txt"}',
    problem: "planning",
  },
  {
    name: "ReAct with JSON in a block",
    text: 'Thought: look\nAction:\n```\n{"action":"read_file","action_input":{"path":"a.txt"}}\n```',
    calls: [["read_file", { path: "a.txt" }]],
  },
  {
    name: "ReAct as a call",
    text: 'Thought: look\nAction: read_file(path="a.txt")',
    problem: "planning",
  },
  {
    name: "ReAct in brackets",
    text: "Thought: look\nAction: search[TODO]",
    problem: "planning",
  },
  {
    name: "ReAct's final answer",
    text: "Thought: I now know the final answer\nFinal Answer: It is 42.\nTwo lines.",
    answer: "It is 42.\nTwo lines.",
  },
  {
    name: "a think block",
    text: '<think>Let me see\u2026 {"command":"ls"}</think>\n\nIt is 42.',
    answer: "It is 42.",
  },
  { name: "thinking", text: "<thinking>\nhm\n</thinking>It is 42.", answer: "It is 42." },
  {
    name: "a think block, then a call",
    text: '<think>look first</think>\n{"command":"ls"}',
    calls: [["shell", { command: "ls" }]],
  },
  {
    name: "two think blocks",
    text: "<think>a</think>One. <think>b</think>Two.",
    answer: "One. Two.",
  },
  {
    name: "the end of a thought that began unseen",
    text: "The user wants a number. Easy.\n</think>\n\nIt is 42.",
    answer: "It is 42.",
    restarts: true,
  },
  { name: "a thought without an end", text: "<think>I wonder what the person", problem: "empty" },
  { name: "only thoughts", text: "<think>I wonder.</think>\n\n", problem: "empty" },
  {
    name: "a promise, then a call that changes nothing",
    text: 'I will look into it first.\n\n{"tool":"search","args":{"pattern":"TODO"}}',
    calls: [["search", { pattern: "TODO" }]],
    shows: "I will look into it first.",
  },
  {
    name: "a promise, then lines as ReAct has them",
    text: 'Let me look.\n\nAction: read_file\nAction Input: {"path":"a.txt"}',
    calls: [["read_file", { path: "a.txt" }]],
    shows: "Let me look.",
  },
  {
    name: "a call in a block, as markup",
    text: '```\n<tool_call>{"name":"read_file","arguments":{"path":"a.txt"}}</tool_call>\n```',
    calls: [["read_file", { path: "a.txt" }]],
  },
];
