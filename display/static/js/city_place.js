// How far away a hall is, and in which order halls stand then. Pure: nothing here leaves the phone.

const EARTH_M = 6371008.8; // mean radius, IUGG
const RADIANS = Math.PI / 180;

// Metres on the great circle between two places {latitude, longitude} in degrees (haversine).
export function metres(one, other) {
  const latitude = (other.latitude - one.latitude) * RADIANS;
  const longitude = (other.longitude - one.longitude) * RADIANS;
  const half = Math.sin(latitude / 2) ** 2 + Math.cos(one.latitude * RADIANS)
    * Math.cos(other.latitude * RADIANS) * Math.sin(longitude / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half)));
}

// "约 800 米", "约 3.2 公里": as exact as one walks.
export function awayText(text, distance) {
  const steps = Math.max(1, Math.round(distance / 50));
  if (distance < 950) return text("city.away_m", { n: steps * 50 });
  const kilometres = distance / 1000;
  const shown = kilometres < 10 ? kilometres.toFixed(1) : Math.round(kilometres);
  return text("city.away_km", { n: shown });
}

// The nearest first; halls that say nothing of their place stay behind, in their old order.
export function byDistance(halls, here) {
  const far = (hall) => (hall.latitude === null ? Infinity : metres(here, hall));
  return halls.map((hall, index) => [far(hall), index, hall])
    .sort((one, other) => one[0] - other[0] || one[1] - other[1])
    .map((entry) => entry[2]);
}
