/**
 * How people announce work instead of doing it, in four languages. Each entry is the source of a
 * case-insensitive Unicode expression; none nests a repetition of unbounded width in another.
 */

const either = (...words: string[]): string => `(?:${words.join("|")})`;

/** Work that the agent's tools can do at once. Saying, waiting and remembering are not among it. */
const work = either(
  "(?:take|have) (?:a|another) (?:\\w+ )?look|look(?! forward)|(?:double-?|re-?)?check|(?:re-?)?read|open|inspect|examine",
  "review|(?:re-?)?run|execute|search|grep|find|locate|scan|analy[sz]e|investigate|explore|dig|trace|debug",
  "(?:re-?)?test|verify|confirm|compare|see(?! you)|figure out|list|fetch|gather|get (?:started|back|right on)",
  "fix|update|edit|modify|change|(?:re)?write|create|implement|add(?! that)|install|(?:re)?build|compile",
  "refactor|replace|remove|delete|apply|move|rename|try|restore|revert|convert|port|clean up|set up",
  "make (?:the|this|that|these|those|a|an|it|sure)|do (?:this|that|it|so)\\b|go (?:through|over)|work on|handle|take care|report back",
  "start|begin|continue|proceed|pull up|prepare|generate|commit|finish|tackle|adjust|simplify|improve|insert|wrap|copy|get the",
);
const glance = either("check|look at|look into|read|inspect|examine|see|search|explore|run|verify");
const working = either(
  "looking (?:at|into|for|through|up)|checking|reading|opening|inspecting|examining|reviewing",
  "running(?! (?:on|as|in|inside|locally|offline))|executing|searching|scanning|analy[sz]ing|investigating",
  "exploring|testing|verifying|fixing|updating|digging|working on (?:it|this|that)",
);
const swiftly =
  "(?:(?:now|first|just|also|then|\\w+ly|right away|go ahead and|start by|begin by|try to|try and|please) )*";
const gerunds =
  "(?:starting|looking|checking|reading|taking a look|running|opening|going|digging|making|working)\\b";

const english = [
  `(?:i['’]?ll|i will|i['’]m going to|i am going to|i['’]m gonna|i['’]m about to|let me|let['’]s|let us|allow me to) ${swiftly}${either(work, gerunds)}`,
  `(?:i need to|i have to|i should|i must|i['’]ll need to|i['’]ll have to) ${swiftly}${glance}`,
  `i(?:['’]m| am) (?:now |just |currently )*${working}`,
  "i(?:['’]ll| will) (?:be (?:right )?back|get back to you|report back|let you know|get (?:right )?on it)",
];
const englishWaiting = [
  "(?:please )?(?:give|allow) me (?:just )?(?:a|one|a few|some) (?:\\w+ )?(?:moments?|seconds?|secs?|minutes?|time)",
  "(?:just )?(?:a|one) (?:moment|second|sec|minute)(?= please|[.,!…]|$)",
  "hold on|hang on|bear with me|stand by|please wait|(?:i['’]m )?(?:on it|working on it|(?:looking|digging) into (?:it|this|that))(?=[.,!…]|$)",
];

const germanWork = either(
  "an(?:zu)?sehen|anschauen|nachsehen|nachschauen|schauen|sehen|(?:über)?prüfen|lesen|öffnen|(?:durch|unter)?suchen",
  "analysieren|ausführen|starten|laufen lassen|testen|beheben|ändern|anpassen|schreiben|erstellen|hinzufügen|installieren|beginnen|umsetzen|erledigen",
);
const germanPresent = either(
  "(?:sehe|schaue?|gucke) (?:mir|nach|mal|gleich|jetzt|zuerst|kurz|in)|(?:über)?prüfe|lese|öffne|(?:durch|unter)?suche|analysiere|führe|starte|teste|beginne|behebe",
);
const german = [
  `ich werde [^.!?]{0,80}?${germanWork}`,
  `(?:lass|lasst|lassen sie) (?:mich|uns) [^.!?]{0,60}?${germanWork}`,
  `ich ${germanPresent}`,
  "(?:zuerst|zunächst|dann|danach|jetzt|nun|als erstes|gleich) (?:sehe|schaue|prüfe|überprüfe|lese|öffne|suche|starte|teste|führe) ich",
  "ich (?:kümmere mich|melde mich|mache mich (?:daran|an die arbeit))",
  "(?:bitte )?(?:nur |noch )?(?:einen |ein )?(?:kleinen |kurzen )?(?:moment|augenblick)(?= bitte|[.,!…]|$)",
];

const frenchWork = either(
  "regarder|vérifier|(?:re)?lire|examiner|lancer|exécuter|(?:re)?chercher|analyser|consulter|ouvrir|inspecter|tester",
  "corriger|modifier|créer|écrire|ajouter|jeter un|commencer|voir|parcourir|étudier|installer|m['’]en occuper",
);
const frenchSwiftly = "(?:(?:d['’]abord|maintenant|tout de suite|rapidement) )*";
const french = [
  `je vais ${frenchSwiftly}${frenchWork}`,
  `laissez?[- ]moi ${frenchSwiftly}${frenchWork}`,
  "je (?:regarde|vérifie|lance|cherche|consulte|m['’]en occupe|m['’]y mets|reviens vers)",
  "(?:donnez?[- ]moi )?(?:juste )?(?:un|quelques) (?:petits? )?(?:instants?|moments?|secondes?|minutes?)(?= s['’]il|[.,!…]|$)",
];

const spanishWork = either(
  "revisar|mirar|ver|leer|comprobar|ejecutar|buscar|examinar|analizar|abrir|verificar|investigar|probar|corregir",
  "arreglar|crear|escribir|añadir|modificar|echar un|empezar|comenzar|consultar|inspeccionar|instalar",
);
const spanish = [
  `voy a (?:(?:primero|ahora) )*${spanishWork}`,
  `(?:d[ée]ja|perm[íi]t[ae])(?:me|nos) ${spanishWork}`,
  "(?:ahora (?:mismo )?)?(?:lo |la |los |las )?(?:reviso|compruebo|revisaré|comprobaré|verificaré|leeré|miraré|buscaré|ejecutaré|analizaré|examinaré)",
  "(?:d[ae]me )?un (?:momento|segundo|minuto|momentito)(?=,? por|[.,!…]|$)",
];

export const promises: readonly string[] = [
  ...english,
  ...englishWaiting,
  ...german,
  ...french,
  ...spanish,
];

/** "Now update the docs:" is a promise only where nothing follows the colon. */
export const announced = `(?:now|next|then|also) (?:let['’]s )?${swiftly}${work}`;

/** "Checking the file now…": a promise only where the sentence ends like one. */
export const unfinished = `(?:now )?${working}`;

/** The answer turns to the person (asks, offers, hands over, declines): whatever else, it passes. */
export const turnsToPerson: readonly string[] = [
  "let me know|tell me (?:if|when|which|what)|(?:would|could|can|will|did) you|do you|shall i|should i|may i|if you|(?:once|when|whenever|until|after|as soon as|unless) you",
  "you (?:can|could|may|might|should|must|will|need|want)|you['’]ll (?:need|have|want)|your (?:approval|permission|consent|confirmation|go-ahead|decision)",
  "please (?:provide|share|send|paste|tell|confirm|specify|attach|approve|clarify|upload|give me the|run|try|check)",
  "i (?:can['’]?t|cannot|can not|won['’]?t|will not|am unable|am not able|do not have|don['’]t have)|i['’]m (?:unable|not able|not allowed)",
  "(?:wenn|falls|sobald|bevor) (?:du|sie|ihr)|möchtest|möchten sie|soll ich|kannst|können sie|du (?:kannst|musst)|sie (?:können|müssen)|bitte (?:gib|geben|send|schick|teil|nenn|bestätig)|ich (?:kann|darf)[^.!?]{0,30} nicht|sag(?:en sie)? (?:mir )?bescheid",
  "si (?:tu|vous)|voulez-vous|veux-tu|souhaitez|dois-je|pouvez-vous|peux-tu|vous pouvez|tu peux|je ne peux|dites-moi|dis-moi|veuillez|(?:quand|lorsque|dès que) (?:tu|vous)",
  "si (?:quieres|quiere|lo deseas|me|usted|puedes|prefieres)|quieres|puedes|podrías|puede usted|no puedo|dime|dígame|necesito (?:que|tu|su)|por favor,? (?:comparte|envía|indica|proporciona|confirma)|cuando (?:me|usted|lo)",
];

/** It waits for something, or is a rule for later: nothing to be done now. */
export const deferred: readonly string[] = [
  "(?:once|as soon as|until|unless|whenever|if|when) (?!i\\b|i['’]|it['’]s (?:done|finished|ready)|it is (?:done|finished|ready)|done|finished|ready|complete)",
  "from now on|in (?:the )?future|next time|going forward|always|every time|later|tomorrow|instead of asking",
  "sobald (?!ich)|falls|in zukunft|künftig|ab jetzt|ab sofort|immer|beim nächsten mal",
  "dès que (?!j)|désormais|à l['’]avenir|toujours|la prochaine fois",
  "en cuanto|a partir de ahora|en el futuro|siempre|la próxima vez",
];

/** "check if the file exists": a question that the work will answer, no condition of it. */
export const asksWhether =
  "(?:check|see|verify|test|confirm|look|find out|figure out|determine|know) (?:\\w+ )?(?:if|when)";
