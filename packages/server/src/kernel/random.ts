/** A number in [0, 1), as an argument wherever chance is wanted. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();
