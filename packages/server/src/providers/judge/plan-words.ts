import { perTools } from "./per-tools.ts";
import type { ToolSpec } from "../../kernel/model.ts";

/** `toolName`, `tool_name`, `Tool-Name` and one with a zero-width space in it are one key. */
export const canonical = (key: string): string => key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** What becomes a command of the shell: only what stands under one of these. */
export const commandKeys = words(`
  command cmd shellcommand bashcommand commandtorun commandtoexecute runcommand executecommand`);

/** Under these stands the name of a tool, beside its arguments. */
export const nameKeys = words(`
  toolname tool name functionname function actionname action nextaction nexttool recipientname selectedtool tooltouse usetool
  actiontype`);

export const argumentKeys = words(`
  arguments args parameters params kwargs input inputs actioninput actionargs toolinput toolargs toolarguments toolparameters
  toolparams functionargs`);

/** Under these stand several calls. */
export const listKeys = words(`
  toolcalls tooluses functioncalls calls actions commands cmds steps plan nextactions nextsteps actionplan executionplan tools
  shellcommands subtasks tasks`);

/** Under these stands one call. */
export const callKeys = words(`
  toolcall tooluse functioncall function action tool nextaction nextstep shellinfo shell bash call command step plan nexttool request`);

/** A model wraps its calls in them at times. */
export const wrapperKeys = words(`response assistant reply json output result answer message`);

export const answerKeys = words(`
  finalanswer answer response reply actioninput message text output content result speak input`);

export const thoughtKeys = words(`
  thought thoughts reasoning reflection analysis innermonologue internalmonologue chainofthought scratchpad thoughtprocess
  internalthought rationale reason explanation criticism observation confidence planning`);

/** What plans number, rate and title their steps with, and no tool takes. */
export const noiseKeys = words(`
  id index number step steps stepnumber currentstep order phase plan confidence risk risklevel issafe requiresapproval
  needsapproval needsconfirmation confirm expected expectedoutput expectedresult expectedoutcome language lang goal task title
  priority tools callid os user shell iscomplete isfinal continue`);

/** What tells how a call fared, or that it is not to be made. */
export const statusKeys = words(`
  status state done skipped skip success completed complete executed finished refused refuse denied deny blocked rejected
  forbidden allowed approved safe dangerous exitcode error`);

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

/** What else stands beside them in plans. */
const besideKeys = words(`
  type why explain description purpose objective cwd workdir workingdirectory directory dir path file filename filepath pattern
  glob depth limit offset timeout timeouts timeoutms background env target query summary final code script value details note
  notes platform requiresnetwork dependson mode stop`);

/** What names no tool but the end of the work. */
export const finalNames = words(`
  finalanswer final finish finished answer respond response reply done complete completed end stop none null noaction nothing
  notool speak sendmessage responduser respondtouser answeruser replytouser message messageuser conversation chat`);

/** How other agents call what ours can do, by the tool of ours; no word that programs and prose have, too. */
export const aliases: Readonly<Record<string, ReadonlySet<string>>> = {
  shell: words(`
    bash sh zsh terminal command cmd runcommand runshell runshellcommand runterminalcommand runinterminal executecommand
    executebash executeshell executeshellcommand execcommand shellcommand shellexec runbash bashcommand localshell`),
  read_file: words("readfile openfile viewfile getfile getfilecontent fileread readfiles showfile"),
  list_files: words(
    "ls listdir listdirectory listfolder listfile listdirectorycontents readdir readdirectory",
  ),
  search: words(
    "grep ripgrep rg searchfiles searchcode findinfiles codesearch grepsearch searchtext filesearch",
  ),
  write_file: words("writefile createfile savefile filewrite writetofile overwritefile"),
  edit_file: words("editfile strreplace replaceinfile fileedit"),
  delete_file: words("deletefile removefile"),
  move_file: words("movefile renamefile"),
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

const every = [
  ...[commandKeys, nameKeys, argumentKeys, listKeys, callKeys, wrapperKeys, answerKeys],
  ...[thoughtKeys, noiseKeys, statusKeys, strongKeys, planKeys, besideKeys],
].flatMap((each) => [...each]);

export const parametersOf = (tool: ToolSpec): string[] =>
  Object.keys((tool.parameters["properties"] as object | undefined) ?? {});

/** Every word that an object of nothing but a plan is made of. */
export const vocabularyOf = perTools((tools) => {
  const parameters = tools.flatMap(parametersOf).map(canonical);
  const known = new Set([...every, ...parameters]);
  return (key: string): boolean => known.has(canonical(key));
});

export const requiredOf = (tool: ToolSpec): string[] =>
  ((tool.parameters["required"] as string[] | undefined) ?? []).filter((name) => name !== "intent");
