/* The periods histories are shown over, and the buttons for them. 0 is everything there is. */
import { t } from "./i18n.js";

const DAYS = [7, 30, 90, 365, 0];
export const USUAL = 30;

export function periodFrom(text) {
    const days = Number(text ?? USUAL);
    return text !== "" && DAYS.includes(days) ? days : USUAL;
}

export const periodButtons = (current) => DAYS.map((days) => ({ days, label: t(`streams.period.${days}`), is_current: days === current }));
