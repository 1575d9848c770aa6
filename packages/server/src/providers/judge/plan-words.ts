import type { ToolSpec } from "../../kernel/model.ts";

/** `toolName`, `tool_name`, `Tool-Name` and one with a zero-width space in it are one key. */
export const canonical = (key: string): string => key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Keys that only an agent's inner workings have. */
export const strongKeys = words(`
  toolcalls toolcall tooluses tooluse toolname toolinput toolargs toolarguments toolparameters toolparams toolcode
  toolid tooltouse toolschoice functioncall functioncalls functionname functionargs actioninput actionargs actionname
  actiontype nextaction nextactions nexttool shellinfo shellcommand shellcommands bashcommand commandtorun commandtoexecute
  runcommand executecommand innermonologue internalmonologue chainofthought scratchpad thoughtprocess internalthought
  recipientname actionplan executionplan needstool usetool selectedtool callid`);

/** Keys that plans have, and other objects too. */
export const planKeys = words(`
  command commands cmd cmds shell bash terminal action actions tool tools function plan planning planned steps step thought thoughts
  nextstep nextsteps reasoning reflection observation intent finalanswer subtasks todo`);

/** What stands beside them in plans. */
const besideKeys = words(`
  name args arguments parameters params kwargs input inputs id type index number reason rationale why explanation explain
  description purpose goal objective task expected expectedoutput expectedresult expectedoutcome confidence cwd workdir
  workingdirectory directory dir path file filename filepath content pattern glob depth limit offset timeout timeouts timeoutms
  background env target query status priority risk risklevel issafe safe dangerous requiresapproval needsapproval
  needsconfirmation confirm analysis summary message answer response reply output result final done complete finished
  language lang code script criticism speak text value title details note notes user os platform requiresnetwork
  dependson dependencies order phase stepnumber currentstep state mode iscomplete isfinal continue stop success`);

export const listKeys = words(`
  toolcalls tooluses functioncalls calls actions commands cmds steps plan nextactions nextsteps actionplan executionplan tools
  shellcommands subtasks tasks`);

/** Under these stands one call. */
export const callKeys = words(`
  toolcall tooluse functioncall function action tool nextaction nextstep shellinfo shell bash call command step plan nexttool request`);

/** A model wraps its calls in them at times. */
export const wrapperKeys = words(`response assistant reply json output result answer message`);

export const nameKeys = words(`
  toolname tool name functionname function actionname action nextaction nexttool recipientname selectedtool tooltouse usetool actiontype`);

export const argumentKeys = words(`
  arguments args parameters params kwargs input inputs actioninput actionargs toolinput toolargs toolarguments toolparameters toolparams
  functionargs data payload`);

export const commandKeys = words(`
  command cmd shellcommand bashcommand commandtorun commandtoexecute runcommand executecommand script bash shell terminal`);

export const answerKeys = words(`
  finalanswer answer response reply actioninput message text output content result speak input`);

export const thoughtKeys = words(`
  thought thoughts reasoning reflection analysis innermonologue internalmonologue chainofthought scratchpad thoughtprocess
  internalthought rationale reason explanation criticism observation confidence planning`);

/** What plans number, rate and title their steps with, and no tool takes. */
export const noiseKeys = words(`
  id index number step steps stepnumber currentstep order phase plan status state confidence risk risklevel issafe safe
  dangerous requiresapproval needsapproval needsconfirmation confirm expected expectedoutput expectedresult
  expectedoutcome language lang goal task title priority tools callid os user iscomplete isfinal continue`);

/** What names no tool but the end of the work. */
export const finalNames = words(`
  finalanswer final finish finished answer respond response reply done complete completed end stop none null noaction nothing
  notool speak sendmessage responduser respondtouser answeruser replytouser message messageuser conversation chat`);

/** How other agents call what ours can do, by the tool of ours. */
export const aliases: Readonly<Record<string, ReadonlySet<string>>> = {
  shell: words(`
    bash sh zsh terminal command cmd exec execute run runcommand runshell runshellcommand runterminalcommand runinterminal
    executecommand executebash executeshell executeshellcommand execcommand shellcommand shellexec runbash bashcommand
    console commandline localshell`),
  read_file: words(
    "read readfile cat openfile viewfile view open getfile getfilecontent fileread readfiles showfile",
  ),
  list_files: words(
    "ls list listdir listdirectory listfolder listfile dir listdirectorycontents readdir readdirectory",
  ),
  search: words(
    "grep ripgrep rg searchfiles searchcode findinfiles codesearch grepsearch searchtext filesearch",
  ),
  write_file: words(
    "write writefile createfile savefile filewrite writetofile create overwritefile",
  ),
  edit_file: words("edit editfile strreplace replaceinfile fileedit replace"),
  delete_file: words("delete deletefile removefile rm unlink"),
  move_file: words("move movefile renamefile rename mv"),
};

/** How other agents call the arguments of ours. */
export const argumentAliases: Readonly<Record<string, ReadonlySet<string>>> = {
  command: commandKeys,
  path: words(
    "file filename filepath pathname target targetfile directory dir folder source absolutepath relativepath",
  ),
  pattern: words("query regex regexp search searchterm term text needle keyword"),
  content: words("contents text data body filecontent filetext newcontent"),
  to: words("destination newpath dest newname targetpath"),
  old_text: words("oldstr oldstring old search find"),
  new_text: words("newstr newstring new replacement replace"),
  timeout_s: words("timeout timeoutseconds"),
};

/** Every word that an object of nothing but a plan is made of. */
export function vocabularyOf(tools: readonly ToolSpec[]): (key: string) => boolean {
  const parameters = tools.flatMap(parametersOf).map(canonical);
  const known = new Set([...strongKeys, ...planKeys, ...besideKeys, ...parameters]);
  return (key) => known.has(canonical(key));
}

export const parametersOf = (tool: ToolSpec): string[] =>
  Object.keys((tool.parameters["properties"] as object | undefined) ?? {});

export const requiredOf = (tool: ToolSpec): string[] =>
  ((tool.parameters["required"] as string[] | undefined) ?? []).filter((name) => name !== "intent");
