/** The words behind a number: those that only say what is counted, and those that make it another number. */
import { numberInWords } from "./number-words.js";
import { asNumber, isUnit, unitName } from "./units.js";

const OTHER_VALUE = `
  squared cubed factorial power exponent sqrt cbrt log ln exp sin cos tan cot csc arcsin arccos arctan sinh
  cosh tanh mod modulo modulus remainder base binary octal hexadecimal hex inverse reciprocal complement
  conjugate imaginary negative positive opposite derivative integral choose divided multiplied plus minus
  time times fold twice double triple treble quadruple pair couple score gross percent percentage percentile
  permille permil basis bps infinity pi tau phi infinite ratio out mil mln bn tn quadrillion quintillion
  myriad lakh crore mille nano micro mega giga cubic trio recurring repeating below above under over beneath
  loss losses lost lose debt deficit shortfall short owed owes owe owing overdrawn debit decrease decreased
  decline drop reduction reduced discount off increase increased gain rise less fewer more greater larger
  smaller bigger least most minimum maximum than ago before after earlier later early late behind ahead past
  bc bce ad ce am pm north south east west northeast northwest southeast southwest right up down upward
  downward forward backward back clockwise counterclockwise anticlockwise and or nor but not no never except
  without if when whenever unless either neither else is are was were be isn't aren't wasn't does do cannot
  can't would could may might wrong incorrect invalid impossible false extraneous undefined rejected unknown
  inclusive exclusive approximately approx about around roughly nearly almost`;
/** Right behind the number only: "3 to 5", but "3 ways to go". */
const JOINING = /^(?:to|from|by|until|till|while|between)$/;
const CHANGING = new Set(OTHER_VALUE.trim().split(/\s+/).map(unitName));
/** Symbols of units without a factor here, some with a prefix: hertz, pascal, joule, watt, volt, newton, mole, tesla. */
const SYMBOL = /^(?:[kmgcpn]?(?:hz|pa|j|w|v|a|n|ev|mol|bar|cal|wh)|[cft])$/;
const SEPARATOR = /[\s/]+|(?<=[a-z])-/;
const DIRECTED = /^(?:the|to|unit|step|space|place|square|turn)$/;
const MONEY = /^(?:[$€£]|cent)$/;
const MOST_WORDS = 8;

/** Whether the words of `name` (from `unitName`) leave the number before them what it is: cm, clips, "eggs/day". */
export function keepsValue(name: string): boolean {
  const words = name.split(SEPARATOR).filter((word) => word !== "");
  const money = words.filter((word) => MONEY.test(word)).length;
  if (money > 1 || words.length > MOST_WORDS || words.length === 0) return false;
  if (words[0] === "%") return words.length === 1;
  // $5 m may be millions; $5/m is a price.
  const letters = (name.split("/")[0] ?? "").split(SEPARATOR).filter((word) => /^[a-z]$/.test(word));
  return !(money > 0 && letters.length > 0) && words.every((word, i) => keeps(word, words[i - 1]));
}

function keeps(word: string, before: string | undefined): boolean {
  const [base = "", exponent] = word.replace(/^\(|\)$/g, "").split("^");
  if (CHANGING.has(base) || numberInWords(base) !== null) return false;
  if (isUnit(base)) return asNumber(base) === null;
  if (before === undefined && JOINING.test(base)) return false;
  // "5 apples left" remain, "5 cm left" and "5 steps left" lead there.
  if (base === "left")
    return before !== undefined && (MONEY.test(before) || !(isUnit(before) || DIRECTED.test(before)));
  if (exponent !== undefined && base !== "unit" && !SYMBOL.test(base)) return false;
  return base === "a" || SYMBOL.test(base) || /^[a-z][a-z'-]+\d?$/.test(base);
}

/** Three and four letters that are a word all the same, not a product of as many variables. */
const SHORT_WORDS = /^(?:men|feet|mice|fish|deer|dice|oxen|unit|pts|mph|rpm|kids)$/;

/** One that is known, or known to be one. */
export function isUnitSymbol(name: string): boolean {
  return isUnit(name) || SYMBOL.test(name);
}

/** Could a person mean a thing by it? "abc" and "xyz" behind a number are variables as often as not. */
export function isNoun(word: string): boolean {
  if (SHORT_WORDS.test(word)) return true;
  if (!/[aeiou]/.test(word) || !/^[a-z]+$/.test(word)) return false;
  if (word.length >= 4 && word.endsWith("s")) return true;
  return word.length >= 5 && !ascends(word);
}

/** Its letters stand as variables do in a product: "abc". */
export function ascends(word: string): boolean {
  return [...word].every((letter, i) => i === 0 || letter >= (word[i - 1] ?? ""));
}
