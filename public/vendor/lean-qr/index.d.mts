/** What the page uses of lean-qr, for the type check. The package's own types belong to its bare name only. */
export const correction: { readonly M: number };
export function generate(
  text: string,
  options: { minCorrectionLevel: number },
): { readonly size: number; get(x: number, y: number): boolean };
