/** Text from elsewhere, made safe for a terminal: colours stay, every other control sequence is taken out. */

/** A control character (tab and line feed aside) with the sequence that it begins, or a mark that turns the text's direction. */
const controls =
  /\u009b[0-?]*[ -/]*[@-~]|(?![\t\n])\p{Cc}(?:\[[0-?]*[ -/]*[@-~]|\][^\p{Cc}]*(?:(?![\t\n])\p{Cc}\\?)?)?|[\u202a-\u202e\u2066-\u2069]/gu;

const colour = /^.\[[0-9;]*m$/;

export function printable(text: string): string {
  return text.replace(controls, (found) => (colour.test(found) ? found : ""));
}
