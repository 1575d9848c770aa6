const MOST_WORDS = 6;
const WORD_CHARS = 80;
/** Only the start of a long message is looked at. */
const READ_CHARS = 20_000;

/** Words that say how a person asks, not what for: English, German, French, Spanish; greetings. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about after all also am an and any are as at be because been before being but by can could did do does doing
  done down each for from get give had has have having he hello help her here hey hi him his how i if in into is it
  its just know let like make many may me mean might more most much must my need no not now of off on one only or
  other our out over please put same see shall she should show so some such tell than thank thanks that the their them
  then there these they this those to too under until up us use used using very want was we were what when where
  which while who whom why will with without work works would yes yet you your explain describe find look search
  file files folder code project mention mentions contain contains
  aber alle als also am an auch auf aus bei bin bis bist bitte da damit danke das dass dein dem den denn der des die
  dies diese dieser dieses doch dort du ein eine einem einen einer eines er es euch finde für gibt haben hallo hat
  hier ich ihr im in ist ja jede kann kannst kein keine können man mein mich mir mit muss nach nicht noch nur ob oder
  ohne sehr sein sich sie sind soll sollte suche über um und uns unter vom von vor wann war warum was welche welcher
  welches wenn wer werden wie wieder wir wird wo wozu zeig zeige zu zum zur datei dateien ordner
  à au aux avec bonjour ce ces cette ceci cela comment dans de des donc du elle elles en est est-ce a-t-il et être eux fait faire
  il ils je la le les leur lui ma mais me merci mes moi mon montre ne nos notre nous on ou où par pas plus pour
  pourquoi qu quand que quel quelle quelles quels qui sa sans ses si son sont sous sur ta te tes toi ton trouve tu un
  une vos votre vous fichier fichiers dossier
  al algo como cómo con cual cuál cuando cuándo de del desde donde dónde dos el ella ellos en entre era es esa ese eso
  está están este esta esto estos gracias hacer hasta hay hola la las lo los más me mi muestra muy no nos o para pero
  por porque qué quién se ser si sin sobre son su sus también te tengo tiene todo tu tus un una uno usa y ya archivo
  archivos carpeta busca`.split(/\s+/u),
);

const QUOTED = /`([^`\n]{2,80})`|"([^"\n]{2,80})"|“([^”\n]{2,80})”|«([^»\n]{2,80})»/gu;
/** A word, or an identifier with what joins its parts: snake_case, kebab-case, a.b, Foo::bar. */
const WORD =
  /[\p{L}\p{N}_$][\p{L}\p{M}\p{N}_$]*(?:(?:[.-]|::)[\p{L}\p{N}_$][\p{L}\p{M}\p{N}_$]*)*/gu;
/** Tried at the start of a word only: at each of its letters, a long word takes seconds. */
const SCHEME = /(?<!\w)\w+:\/\//gu;
const ELISION = /(?<![\p{L}\p{N}])(?:[cdjlmnst]|qu)['’](?=\p{L})/giu;
const CLITIC = /['’](?:s|re|ve|ll|d|t|m)(?!\p{L})/giu;

/**
 * What a message is about, for a search: at most 6 words, the most telling first. Quoted texts
 * and identifiers are kept whole; the rest is ranked by length, which stands in for rarity.
 */
export function keywords(message: string): string[] {
  const text = message.slice(0, READ_CHARS);
  const quoted = [...text.matchAll(QUOTED)].map((match) => match.slice(1).find(Boolean) ?? "");
  const plain = text
    .replace(QUOTED, " ")
    .replace(SCHEME, " ")
    .replace(ELISION, " ")
    .replace(CLITIC, " ");
  const found = [...quoted.map((phrase) => phrase.trim()), ...(plain.match(WORD) ?? [])];
  const distinct = new Map(found.filter(tells).map((word) => [word.toLowerCase(), word]));
  return [...distinct.values()]
    .map((word) => word.slice(0, WORD_CHARS).toWellFormed())
    .sort((a, b) => telling(b, quoted) - telling(a, quoted))
    .slice(0, MOST_WORDS);
}

/**
 * An expression that finds a word as it is, in ripgrep's syntax and in JavaScript's. Lower case, so
 * that smart case ignores case.
 */
export const literal = (word: string): string =>
  word.toLowerCase().replace(/[\\^$.*+?()[\]{}|]/gu, "\\$&");

function tells(word: string): boolean {
  if (STOP_WORDS.has(word.toLowerCase()) || !/[\p{L}\p{N}]/u.test(word)) return false;
  const short = /^[\x21-\x7e]{1,2}$/u.test(word);
  return !short || (word.length === 2 && /[A-Z0-9]/u.test(word));
}

function telling(word: string, quoted: readonly string[]): number {
  const identifier = /[_$.:\d-]|\p{Ll}\p{Lu}/u.test(word) ? 50 : 0;
  return word.length + identifier + (quoted.includes(word) ? 100 : 0);
}
