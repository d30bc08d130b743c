/** Cuts a text that arrives in chunks into its non-empty lines; only a new chunk is searched, however long a line is. */
export function lineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let begun: string[] = [];
  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      const rest = chunk.slice(from, end);
      const line = begun.length === 0 ? rest : begun.join('') + rest;
      begun = [];
      from = end + 1;
      if (line.trim() !== '') onLine(line);
    }
    if (from < chunk.length) begun.push(chunk.slice(from));
  };
}
