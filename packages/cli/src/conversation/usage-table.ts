import type { UsageDimension, UsageReport, UsageSums } from "@mainstay/sdk/usage";
import { escapePath } from "../terminal/escape.ts";

const headings = ["requests", "input", "output", "cost"];

/** A head, a row for each group, and the total; numbers stand right. Tokens, and US dollars. */
export function usageTable(
  { items, total }: Pick<UsageReport, "items" | "total">,
  by: readonly UsageDimension[],
): string[] {
  const rows = [
    [...by, ...headings],
    ...items.map((item) => [...by.map((name) => escapePath(item[name] ?? "")), ...figures(item)]),
    ["total", ...by.slice(1).map(() => ""), ...figures(total)],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => aligned(cell, widths[column]!, column < by.length))
      .join("  ")
      .trimEnd(),
  );
}

const aligned = (cell: string, width: number, is_name: boolean): string =>
  is_name ? cell.padEnd(width) : cell.padStart(width);

function figures(sums: UsageSums): string[] {
  const { requests, input_tokens, output_tokens, estimated_requests } = sums;
  const about = estimated_requests > 0 ? "~" : "";
  return [
    grouped(requests),
    about + grouped(input_tokens),
    about + grouped(output_tokens),
    cost(sums, about),
  ];
}

/** What has no price is not taken for free. */
function cost({ cost_micro_usd, requests, unpriced_requests }: UsageSums, about: string): string {
  if (unpriced_requests === requests) return "no price";
  const open = unpriced_requests > 0 ? "+" : "";
  return `${about}$${dollars(cost_micro_usd)}${open}`;
}

const MICRO = 1_000_000;
const SMALL_MICRO_USD = 10_000;

/** Cents, and below a cent what there is. */
const dollars = (micro_usd: number): string =>
  (micro_usd / MICRO).toFixed(micro_usd > 0 && micro_usd < SMALL_MICRO_USD ? 6 : 2);

const grouped = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
