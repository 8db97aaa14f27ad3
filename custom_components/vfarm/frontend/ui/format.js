/** Numbers, instants and durations as the person at the screen reads them. */

const DAY_S = 86_400;

/** An instant of the farm is shown in the time zone of the farm, wherever the reader is. */
export const formatter = (hass, timeZone, t) => {
  const locale = hass.locale?.language ?? hass.language ?? "en";
  const hour12 = { 12: true, 24: false }[hass.locale?.time_format];
  const clock = new Intl.DateTimeFormat(locale, {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    ...(hour12 === undefined ? {} : { hour12 }),
  });
  const date = new Intl.DateTimeFormat(locale, { timeZone, day: "numeric", month: "short" });
  const weekday = new Intl.DateTimeFormat(locale, {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
  });
  const sameDay = (a, b) => date.format(a * 1000) === date.format(b * 1000);
  const numbers = new Map();

  const number = (value, digits = 0) => {
    if (!numbers.has(digits)) {
      const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      numbers.set(digits, new Intl.NumberFormat(locale, options));
    }
    return numbers.get(digits).format(value);
  };

  return {
    number,

    /** "18:00" today, "Wed 3 Dec, 18:00" on another day. */
    instant: (at, now) =>
      sameDay(at, now)
        ? clock.format(at * 1000)
        : `${weekday.format(at * 1000)}, ${clock.format(at * 1000)}`,

    time: (at) => clock.format(at * 1000),
    date: (at) => weekday.format(at * 1000),

    /** "in 25 min", "in 3 h", "in 12 days": one unit, the one that matters. */
    until: (at, now) => {
      const left = Math.max(0, at - now);
      if (left < 60) return t("in_under_a_minute");
      if (left < 5400) return t("in_minutes", { n: number(Math.round(left / 60)) });
      if (left < 2 * DAY_S) return t("in_hours", { n: number(Math.round(left / 3600)) });
      return t("in_days", { n: number(Math.round(left / DAY_S)) });
    },

    /** "25 min ago". */
    since: (at, now) => {
      const gone = Math.max(0, now - at);
      if (gone < 60) return t("just_now");
      if (gone < 5400) return t("minutes_ago", { n: number(Math.round(gone / 60)) });
      if (gone < 2 * DAY_S) return t("hours_ago", { n: number(Math.round(gone / 3600)) });
      return t("days_ago", { n: number(Math.round(gone / DAY_S)) });
    },

    seconds: (value) =>
      value < 120
        ? t("n_seconds", { n: number(Math.round(value)) })
        : t("n_minutes", { n: number(Math.round(value / 60)) }),
  };
};
