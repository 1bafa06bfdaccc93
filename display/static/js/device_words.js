// What a device's state is called: the same words as templates/device_parts.html.

export const LIGHTS = ["red", "amber", "green"];

export function deviceWords({ text, wordFor }) {
  const sum = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);
  const when = (at, characters = 16) => at.slice(5, characters).replace("T", " ");

  const what = (device) => [
    wordFor("device_kind", device.kind.replaceAll("-", "_")),
    device.window && text("devices.at_window", { window: device.window }),
    device.zone && text("devices.at_zone", { zone: device.zone }),
    device.kiosk && text("devices.at_kiosk", { kiosk: device.kiosk }),
  ].filter(Boolean).join(" · ");

  const state = (device) => [
    wordFor("device_state", device.state),
    text("devices.since", { at: when(device.since) }),
    device.paper && text(`devices.paper_${device.paper}`),
    device.queue > 0 && text("devices.queue", { n: device.queue }),
  ].filter(Boolean).join(" · ");

  const done = ({ done: counts }) => {
    const parts = [];
    const failed = sum(counts.slips_failed);
    const { slips_confirmed: confirmed, slips_unconfirmed: unconfirmed, spoken } = counts;
    if (confirmed || unconfirmed || failed) {
      parts.push(text("devices.slips", { confirmed, unconfirmed, failed }));
    }
    const unsaid = sum(counts.not_spoken);
    if (spoken || unsaid) parts.push(text("devices.spoken", { spoken, failed: unsaid }));
    return parts.join(" ");
  };

  return { what, state, done, when, light: (device) => text(`devices.light_${device.light}`) };
}
