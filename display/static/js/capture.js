// A capture of a line as a file: one JSON object a line, the first says what it is of. The tests
// of the drivers replay such files.

export const FORMAT = 1;

export function captureOf({ device, options, version, at, frames }) {
  const head = {
    capture: FORMAT, kind: device.kind, device: device.id, port: device.port, options, version, at,
  };
  const lines = frames.map((frame) => ({
    at_ms: frame.at_ms,
    direction: frame.direction,
    hex: frame.hex,
    ...(frame.hex.length === frame.length * 2 ? {} : { length: frame.length }),
    ...(frame.left_out ? { left_out: frame.left_out } : {}),
  }));
  return [head, ...lines].map((line) => JSON.stringify(line)).join("\n") + "\n";
}

// "kiosk-printer-20261123-101530.jsonl"
export function fileName(device, at) {
  const moment = at.slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  return `${device.id}-${moment}.jsonl`;
}
