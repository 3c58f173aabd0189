import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { number, t } from "../language/language";

const SHOWN = 8;

export type Cell = unknown;

/** A table of which some rows are shown at first. */
export function Table({ names, rows, isCut = false }: { names: readonly string[]; rows: readonly (readonly Cell[])[]; isCut?: boolean }): JSX.Element {
  const isOpen = useSignal(false);
  const shown = isOpen.value ? rows : rows.slice(0, SHOWN);
  const hidden = rows.length - shown.length;
  return (
    <div class="table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {names.map((name, place) => (
              <th key={place} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={column} class={typeof cell === "number" ? "is-number" : ""}>
                  {cellText(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {hidden > 0 && (
        <button type="button" class="quiet" onClick={() => (isOpen.value = true)}>
          + {hidden}
        </button>
      )}
      {isCut && <p class="hint">{t("moreText")}</p>}
    </div>
  );
}

/** Makes a table of a list of objects; undefined where it is none. */
export function tableOf(json: unknown): { names: string[]; rows: Cell[][] } | undefined {
  if (!Array.isArray(json) || json.length === 0) return undefined;
  const isTable = json.every((row) => typeof row === "object" && row !== null && !Array.isArray(row));
  if (!isTable) return undefined;
  const objects = json as Record<string, unknown>[];
  const names = [...new Set(objects.flatMap((row) => Object.keys(row)))];
  return { names, rows: objects.map((row) => names.map((name) => row[name])) };
}

function cellText(cell: Cell): string {
  if (cell === undefined || cell === null) return "";
  if (typeof cell === "number") return number(cell);
  if (typeof cell === "boolean") return t(cell ? "yes" : "no");
  if (typeof cell === "string") return cell;
  if (Array.isArray(cell)) return cell.map(cellText).join(", ");
  return Object.entries(cell as Record<string, unknown>)
    .map(([name, value]) => `${name} ${cellText(value)}`)
    .join(", ");
}
