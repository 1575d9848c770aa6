/** A turn that waits for a seat, oldest first. */
export interface Waiting {
  readonly turn_id: string;
  readonly session_id: string;
  readonly person_id: string;
  /** It was being resumed when the server broke down: it may be what breaks it (J7). */
  readonly is_suspect: boolean;
  /** Why an operator lets it wait, in words for the person; null: none does. */
  readonly held: string | null;
}

/** A turn that gets a seat; `ahead` is how many older ones were passed over. */
export interface Seated<Turn extends Waiting> {
  readonly turn: Turn;
  readonly ahead: number;
}

/** A turn that keeps its session: it runs, or it waits for a person's consent. */
export interface Holding {
  readonly session_id: string;
  readonly person_id: string;
  readonly seated: boolean;
  readonly is_suspect: boolean;
}

export interface SeatLimits {
  readonly running_turns: number;
  readonly running_turns_a_person: number;
}

/** A turn that goes on waiting, and why, in words for the person. */
export interface Wait<Turn extends Waiting> {
  readonly turn: Turn;
  /** It waits for a person, an operator perhaps, who may take as long as they like. */
  readonly on_person: boolean;
  readonly reason: string;
}

export interface Picked<Turn extends Waiting> {
  /** In order. */
  readonly seated: readonly Seated<Turn>[];
  readonly waits: readonly Wait<Turn>[];
}

/**
 * Decides who gets a seat: in order of acceptance, one turn a session, bounded seats a person and
 * in all. Pure. Turns of one session never overtake each other. Suspects go one after another: when the
 * server breaks down again, one is to blame, and no other has used up a resume.
 */
export function pickTurns<Turn extends Waiting>(
  waiting: readonly Turn[],
  holding: readonly Holding[],
  limits: SeatLimits,
): Picked<Turn> {
  const busySessions = new Set(holding.map((turn) => turn.session_id));
  const askingSessions = new Set(
    holding.filter((turn) => !turn.seated).map((turn) => turn.session_id),
  );
  const seatsOf = new Map<string, number>();
  let free = limits.running_turns;
  let has_suspect = holding.some((turn) => turn.seated && turn.is_suspect);
  for (const turn of holding) if (turn.seated) take(turn.person_id);

  const seated: Seated<Turn>[] = [];
  const waits: Wait<Turn>[] = [];
  for (const turn of waiting) {
    const reason = obstacle(turn);
    if (reason !== null) waits.push({ turn, reason, on_person: waitsForPerson(turn) });
    else {
      seated.push({ turn, ahead: waits.length });
      take(turn.person_id);
      has_suspect ||= turn.is_suspect;
    }
    busySessions.add(turn.session_id);
  }
  return { seated, waits };

  function waitsForPerson({ held, session_id }: Turn): boolean {
    return held !== null || askingSessions.has(session_id);
  }

  function obstacle(turn: Turn): string | null {
    if (turn.held !== null) return turn.held;
    if (askingSessions.has(turn.session_id))
      return "an earlier turn of this session waits for your consent (see: mainstay approvals)";
    if (busySessions.has(turn.session_id)) return "an earlier turn of this session is not finished";
    if ((seatsOf.get(turn.person_id) ?? 0) >= limits.running_turns_a_person)
      return `${limits.running_turns_a_person} of your turns are running`;
    if (free <= 0) return "all seats are taken";
    if (turn.is_suspect && has_suspect)
      return "after a breakdown of the server its open turns go on one after another";
    return null;
  }

  function take(person_id: string): void {
    seatsOf.set(person_id, (seatsOf.get(person_id) ?? 0) + 1);
    free -= 1;
  }
}
