/** Splits text of delimited fields into rows; a field in quotation marks may hold delimiters and line breaks. */
export function rowsOf(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const sign = text.charAt(i);
    if (isQuoted) {
      if (sign !== '"') field += sign;
      else if (text.charAt(i + 1) === '"') field += text.charAt(++i);
      else isQuoted = false;
    } else if (sign === '"' && field === "") {
      isQuoted = true;
    } else if (sign === delimiter) {
      row.push(field);
      field = "";
    } else if (sign === "\n") {
      rows.push([...row, field]);
      row = [];
      field = "";
    } else if (sign !== "\r") {
      field += sign;
    }
  }
  if (field !== "" || row.length > 0) rows.push([...row, field]);
  return rows;
}
