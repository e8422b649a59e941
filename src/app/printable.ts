/** What a terminal might obey, or show in another order than it is written: clients choose the names of things. */
const OBEYED = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** A text in one line that a terminal only shows: what it would obey is escaped as in JSON. */
export function printable(text: string): string {
  return text.replace(OBEYED, (character) => {
    const inJson = JSON.stringify(character).slice(1, -1);
    return inJson === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : inJson;
  });
}
