// Whether a query finds a service by its names and Pinyin initials. The same rule as
// display/phone.py; both run the same vectors in the tests. Pure.

export function matches(query, text) {
  return text.includes(query.toLowerCase().split(/\s+/).filter(Boolean).join(" "));
}
