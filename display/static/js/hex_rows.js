// Bytes as rows of sixteen: offset, hexadecimal, and ASCII where it is some.

const ROW = 16;

export function bytesOf(hex) {
  const bytes = [];
  for (let at = 0; at + 1 < hex.length; at += 2) bytes.push(parseInt(hex.slice(at, at + 2), 16));
  return bytes;
}

export function rowsOf(hex) {
  const bytes = bytesOf(hex);
  const rows = [];
  for (let at = 0; at < bytes.length; at += ROW) rows.push(row(at, bytes.slice(at, at + ROW)));
  return rows;
}

function row(offset, bytes) {
  const pairs = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  const shown = (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".");
  return {
    offset: offset.toString(16).toUpperCase().padStart(4, "0"),
    hex: pairs.join(" ").padEnd(ROW * 3 - 1),
    ascii: bytes.map(shown).join(""),
  };
}
