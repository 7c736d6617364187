import { VERDICTS } from "../../protocol/types.js";

/** What a labelling configuration names, collected while tasks are written. */
export interface Seen {
  axes: Set<string>;
  errorTypes: Set<string>;
  labels: Set<string>;
}

/** XML has no place for most control characters, escaped or not, and Label Studio's database none for a null character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

export const plain = (text: string): string => text.replaceAll(CONTROL, "\ufffd");

export function escapeXml(text: string): string {
  return plain(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\n", "&#10;");
}

/** The name of a control: Label Studio wants them unique, and they end up in queries. */
export const controlOf = (axis: string): string => `rating_${axis.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;

const choices = (name: string, values: Iterable<string>, choice = "single"): string => {
  const items = [...values].map((value) => `      <Choice value="${escapeXml(value)}"/>`);
  return [
    `    <Choices name="${name}" toName="solution" choice="${choice}" showInline="true">`,
    ...items,
    "    </Choices>",
  ].join("\n");
};

const titled = (title: string, control: string): string =>
  `    <Header size="5" value="${escapeXml(title)}"/>\n${control}`;

/** A labelling configuration for the tasks: https://labelstud.io/tags */
export function labelConfig({ axes, errorTypes, labels }: Seen): string {
  const controls = [
    titled("First wrong step (0: none)", '    <Number name="first_wrong_step" toName="solution" min="0"/>'),
    titled("Verdict", choices("verdict", VERDICTS)),
    ...(errorTypes.size > 0 ? [titled("Error type", choices("error_type", [...errorTypes].sort()))] : []),
    ...(labels.size > 0 ? [titled("Labels", choices("labels", [...labels].sort(), "multiple"))] : []),
    titled("The model's correction", choices("decision", ["accepted", "rejected"])),
    ...[...new Set(["overall", ...axes])].map((axis) =>
      titled(
        `Reflection: ${axis}`,
        `    <Rating name="${controlOf(axis)}" toName="solution" maxRating="5"/>`,
      ),
    ),
    titled("Correction", '    <TextArea name="correction" toName="solution" rows="6" maxSubmissions="1"/>'),
    titled("Note", '    <TextArea name="note" toName="solution" rows="2" maxSubmissions="1"/>'),
    titled("Flags", choices("flags", ["flagged", "bad problem"], "multiple")),
    titled("Said by", '    <TextArea name="said_by" toName="solution" rows="1" maxSubmissions="1"/>'),
  ];
  return `<View>
  <Header value="Problem"/>
  <Text name="problem" value="$problem"/>
  <Header value="Solution"/>
  <Text name="solution" value="$solution"/>
  <Header value="The model's reflection"/>
  <Text name="reflection" value="$reflection"/>
  <View>
${controls.join("\n")}
  </View>
</View>
`;
}
