import en from "../translations/en.js";

const LANGUAGES = ["de", "fr", "nl", "es"];
const loaded = new Map([["en", Promise.resolve(en)]]);

/** The dictionary of a language; English where there is none. */
const dictionary = (language) => {
  if (!loaded.has(language)) {
    loaded.set(
      language,
      import(`../translations/${language}.js`).then(
        (module) => ({ ...en, ...module.default }),
        () => en
      )
    );
  }
  return loaded.get(language);
};

/**
 * The texts of the person's language: `t("key", {name: value})`. `t.count("key", 1, {…})` takes
 * `key_one` where the language wants it, `t.or(key, other)` the other text when there is none.
 */
export const loadTexts = async (language = "en") => {
  const base = language.toLowerCase().split("-")[0];
  const words = await dictionary(LANGUAGES.includes(base) ? base : "en");
  const plural = new Intl.PluralRules(base);
  const fill = (text, params) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
  const t = (key, params = {}) => fill(words[key] ?? key, params);
  t.count = (key, count, params) => {
    const one = `${key}_one`;
    return t(plural.select(count) === "one" && one in words ? one : key, params);
  };
  t.or = (key, other, params = {}) => (key in words ? fill(words[key], params) : other);
  return t;
};

/** A key as words, for what has no text: names of crops and phases a grower made up. */
export const words = (key) => {
  const text = String(key).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};
