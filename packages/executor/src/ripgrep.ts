/** Path of the ripgrep that came with the installation; null where there is none for this platform. */
export const ripgrepPath = (): Promise<string | null> =>
  import("@vscode/ripgrep").then(
    ({ rgPath }) => rgPath,
    () => null,
  );
