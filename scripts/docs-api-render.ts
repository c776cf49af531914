/** Turns compiled proto files with their comments into one Markdown page. */
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  type FileDescriptorSet,
  MethodOptions_IdempotencyLevel as Idempotency,
  FieldDescriptorProto_Label as Label,
  type MethodDescriptorProto,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

const contract = "sessiond.v1";

/** Field numbers in descriptor.proto: the steps of a path that a comment is found by. */
const step = { messages: 4, enums: 5, services: 6, fields: 2, values: 2, methods: 2 } as const;

/** A declaration and its comment. */
interface Documented<T> {
  readonly it: T;
  readonly comment: string;
  /** The comments of what is declared inside: fields, values or methods, in their order. */
  readonly inner: readonly string[];
}

/** The whole page, ending in a newline. The same descriptors give the same text. */
export function renderReference(set: FileDescriptorSet): string {
  const files = set.file.filter((file) => file.package === contract);
  const messages = files.flatMap((file) => documented(file, step.messages, file.messageType, step.fields));
  const enums = files.flatMap((file) => documented(file, step.enums, file.enumType, step.values));
  const services = files.flatMap((file) => documented(file, step.services, file.service, step.methods));
  const methods = services.flatMap(({ it, inner }) =>
    it.method.map((method, at) => ({ it: method, comment: inner[at] ?? "", inner: [] })),
  );
  const ofMethods = new Set(methods.flatMap(({ it }) => [shortName(it.inputType), shortName(it.outputType)]));
  const messageOf = (name: string) => messages.find(({ it }) => it.name === shortName(name));

  return `${[
    "# API reference",
    "",
    "<!-- Generated from proto/ by `npm run docs:api`. Do not edit. -->",
    "",
    `The package \`${contract}\`, from the comments in \`proto/\`. What the parts mean together is in`,
    "[protocol.md](protocol.md). In Connect's JSON a field has its camelCase name, a 64-bit integer is a string, and",
    "`bytes` is base64.",
    ...services.flatMap(({ it, comment }) => ["", `## ${it.name}`, "", comment]),
    "",
    "| method | kind | Connect GET |",
    "| --- | --- | --- |",
    ...methods.map(({ it }) => `| ${link(it.name)} | ${kind(it)} | ${isRead(it) ? "yes" : "no"} |`),
    ...methods.flatMap(({ it, comment }) => [
      "",
      `### ${it.name}`,
      "",
      comment,
      ...[it.inputType, it.outputType].flatMap((name) => messageSection(messageOf(name), "####")),
    ]),
    "",
    "## Messages",
    ...messages
      .filter(({ it }) => !ofMethods.has(it.name))
      .flatMap((message) => messageSection(message, "###")),
    "",
    "## Enums",
    ...enums.flatMap(enumSection),
  ].join("\n")}\n`;
}

function documented<T extends DescriptorProto | EnumDescriptorProto | FileDescriptorProto["service"][number]>(
  file: FileDescriptorProto,
  outer: number,
  declared: readonly T[],
  inner: number,
): Documented<T>[] {
  const comments = new Map(
    (file.sourceCodeInfo?.location ?? []).map((at) => [at.path.join("."), tidy(at.leadingComments)]),
  );
  return declared.map((it, at) => ({
    it,
    comment: comments.get(`${outer}.${at}`) ?? "",
    inner: parts(it).map((_, part) => comments.get(`${outer}.${at}.${inner}.${part}`) ?? ""),
  }));
}

function parts(it: DescriptorProto | EnumDescriptorProto | FileDescriptorProto["service"][number]) {
  if (it.$typeName === "google.protobuf.DescriptorProto") return it.field;
  return it.$typeName === "google.protobuf.EnumDescriptorProto" ? it.value : it.method;
}

/** A comment as Markdown paragraphs: the space after `//` taken off, the list of errors apart. */
function tidy(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^ /, "").trimEnd())
    .join("\n")
    .replace(/\nErrors:/, "\n\nErrors:")
    .trim();
}

function messageSection(message: Documented<DescriptorProto> | undefined, heading: string): string[] {
  if (message === undefined) throw new Error("a method names a message outside of the contract");
  const { it, comment, inner } = message;
  const rows = it.field.map((field, at) => {
    const cells = [`\`${field.name}\``, `${field.number}`, typeText(field, it), cell(inner[at] ?? "")];
    return `| ${cells.join(" | ")} |`;
  });
  const table = ["", "| field | number | type | meaning |", "| --- | --- | --- | --- |", ...rows];
  return ["", `${heading} ${it.name}`, "", comment, ...(rows.length > 0 ? table : [])];
}

function enumSection({ it, comment, inner }: Documented<EnumDescriptorProto>): string[] {
  const rows = it.value.map(
    (value, at) => `| \`${value.name}\` | ${value.number} | ${cell(inner[at] ?? "")} |`,
  );
  return [
    "",
    `### ${it.name}`,
    "",
    comment,
    "",
    "| value | number | meaning |",
    "| --- | --- | --- |",
    ...rows,
  ];
}

/** A comment on one line of a table. */
function cell(comment: string): string {
  return comment.replace(/\s+/g, " ").replaceAll("|", "\\|");
}

function typeText(field: FieldDescriptorProto, message: DescriptorProto): string {
  const entry = message.nestedType.find(
    (nested) =>
      nested.options?.mapEntry === true && field.typeName.endsWith(`.${message.name}.${nested.name}`),
  );
  if (entry !== undefined) {
    const [key, value] = entry.field;
    if (key === undefined || value === undefined) throw new Error(`${entry.name} is no map entry`);
    return `map of ${single(key)} to ${single(value)}`;
  }
  if (field.label === Label.REPEATED) return `repeated ${single(field)}`;
  if (field.proto3Optional) return `optional ${single(field)}`;
  const group = field.oneofIndex;
  const inGroup = Object.hasOwn(field, "oneofIndex") ? message.oneofDecl[group]?.name : undefined;
  return inGroup === undefined ? single(field) : `${single(field)}, one of \`${inGroup}\``;
}

function single(field: FieldDescriptorProto): string {
  if (field.type !== Type.MESSAGE && field.type !== Type.ENUM) return Type[field.type].toLowerCase();
  const name = field.typeName.replace(/^\./, "");
  return name.startsWith(`${contract}.`) ? link(shortName(name)) : `\`${name}\``;
}

function kind(method: MethodDescriptorProto): string {
  return method.serverStreaming ? "server stream" : "unary";
}

function isRead(method: MethodDescriptorProto): boolean {
  return method.options?.idempotencyLevel === Idempotency.NO_SIDE_EFFECTS;
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}
