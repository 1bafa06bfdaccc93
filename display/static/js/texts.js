// The sentences of the page's catalogue. Same rules as display/i18n.py.

const PLACEHOLDER = /\{([a-z_]+)\}/g;

function fill(text, facts) {
  return text.replace(PLACEHOLDER, (whole, name) => (name in facts ? String(facts[name]) : whole));
}

export function texts(all) {
  const text = (key, facts = {}) => (key in all ? fill(all[key], facts) : key);

  // The sentence for a problem code: with facts if all are there, else without, else general.
  const problem = (code, facts = {}) => {
    const detailed = all[`error_with.${code}`];
    if (detailed) {
      const needed = [...detailed.matchAll(PLACEHOLDER)].map((match) => match[1]);
      const known = needed.every((name) => facts[name] !== undefined && facts[name] !== null);
      if (known) return fill(detailed, facts);
    }
    return all[`error.${code}`] || facts.detail || text("error.unknown");
  };

  // `section.name` if the catalogue has it, else `name` as it is (a hall's own word).
  const wordFor = (section, name) => all[`${section}.${name}`] || name || "";

  return { text, problem, wordFor };
}
