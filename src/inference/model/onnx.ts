import { protobuf } from "./protobuf.js";

/**
 * The part of onnx.proto (ONNX 1.23, IR version 10) that graph surgery touches. What is only passed on stays bytes
 * (`initializer`, `attribute`, …), so nothing of it can be lost or reordered.
 */
const SCHEMA = {
  nested: {
    Model: {
      fields: {
        irVersion: { type: "int64", id: 1 },
        producerName: { type: "string", id: 2 },
        graph: { type: "Graph", id: 7 },
        opsetImport: { rule: "repeated", type: "bytes", id: 8 },
        functions: { rule: "repeated", type: "bytes", id: 25 },
      },
    },
    Graph: {
      fields: {
        node: { rule: "repeated", type: "Node", id: 1 },
        name: { type: "string", id: 2 },
        initializer: { rule: "repeated", type: "bytes", id: 5 },
        input: { rule: "repeated", type: "ValueInfo", id: 11 },
        output: { rule: "repeated", type: "ValueInfo", id: 12 },
      },
    },
    Node: {
      fields: {
        input: { rule: "repeated", type: "string", id: 1 },
        output: { rule: "repeated", type: "string", id: 2 },
        name: { type: "string", id: 3 },
        opType: { type: "string", id: 4 },
        attribute: { rule: "repeated", type: "bytes", id: 5 },
        domain: { type: "string", id: 7 },
      },
    },
    ValueInfo: { fields: { name: { type: "string", id: 1 }, type: { type: "bytes", id: 2 } } },
    Type: { fields: { tensor: { type: "TensorType", id: 1 } } },
    TensorType: { fields: { elemType: { type: "int32", id: 1 }, shape: { type: "Shape", id: 2 } } },
    Shape: { fields: { dim: { rule: "repeated", type: "Dim", id: 1 } } },
    Dim: { fields: { value: { type: "int64", id: 1 }, param: { type: "string", id: 2 } } },
    Opset: { fields: { domain: { type: "string", id: 1 }, version: { type: "int64", id: 2 } } },
    Attribute: {
      fields: {
        name: { type: "string", id: 1 },
        f: { type: "float", id: 2 },
        i: { type: "int64", id: 3 },
        t: { type: "Tensor", id: 5 },
        g: { type: "Graph", id: 6 },
        ints: { rule: "repeated", type: "int64", id: 8 },
        type: { type: "int32", id: 20 },
      },
    },
    Tensor: {
      fields: {
        dims: { rule: "repeated", type: "int64", id: 1 },
        dataType: { type: "int32", id: 2 },
        name: { type: "string", id: 8 },
        rawData: { type: "bytes", id: 9 },
        externalData: { rule: "repeated", type: "Entry", id: 13 },
        dataLocation: { type: "int32", id: 14 },
      },
    },
    Entry: { fields: { key: { type: "string", id: 1 }, value: { type: "string", id: 2 } } },
  },
};

let root: ReturnType<ReturnType<typeof protobuf>["Root"]["fromJSON"]> | undefined;

function messageType(name: string) {
  root ??= protobuf().Root.fromJSON(SCHEMA);
  return root.lookupType(name);
}

export interface OnnxNode {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  attribute: Uint8Array[];
  domain: string;
}
export interface OnnxValue {
  name: string;
  /** TypeProto. */
  type: Uint8Array;
}
export interface OnnxGraph {
  node: OnnxNode[];
  name: string;
  /** TensorProtos; large ones refer to an external data file. */
  initializer: Uint8Array[];
  input: OnnxValue[];
  output: OnnxValue[];
}
export interface OnnxModel {
  irVersion: unknown;
  producerName: string;
  graph: OnnxGraph;
  opsetImport: Uint8Array[];
  functions: Uint8Array[];
}

function encode(type: string, value: object): Uint8Array {
  const found = messageType(type);
  return found.encode(found.create(value)).finish();
}

/** Throws when the bytes are no ONNX model. */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  return messageType("Model").decode(bytes) as unknown as OnnxModel;
}
export function encodeModel(model: OnnxModel): Uint8Array {
  return encode("Model", model);
}

/** Operator set versions by domain; "" is ONNX's own. */
export function opsets(model: OnnxModel): Map<string, number> {
  const decoded = model.opsetImport.map(
    (bytes) => messageType("Opset").decode(bytes) as unknown as { domain: string; version: unknown },
  );
  return new Map(decoded.map(({ domain, version }) => [domain, Number(version)]));
}

/** Element type and sizes of an input or output; a size that is not known is -1. */
export function describeValue({ type }: OnnxValue): { elemType: number; dims: number[] } {
  const { tensor } = messageType("Type").decode(type) as unknown as {
    tensor?: { elemType: number; shape?: { dim: { value: unknown; param: string }[] } };
  };
  const dims = tensor?.shape?.dim ?? [];
  return {
    elemType: tensor?.elemType ?? 0,
    dims: dims.map((dim) => (Object.hasOwn(dim, "value") ? Number(dim.value) : -1)),
  };
}

/** Name of a TensorProto. */
export function tensorName(bytes: Uint8Array): string {
  return (messageType("Tensor").decode(bytes) as unknown as { name: string }).name;
}

/** Sizes of a TensorProto. */
export function tensorDims(bytes: Uint8Array): number[] {
  const { dims } = messageType("Tensor").decode(bytes) as unknown as { dims: unknown[] };
  return dims.map(Number);
}

/** A node's attributes that are numbers, integer or not. */
export function attributesOf(node: OnnxNode): Map<string, number> {
  const all = node.attribute.map((bytes) => messageType("Attribute").decode(bytes) as unknown as Attribute);
  const numbers = all.filter(({ type }) => type === FLOAT_ATTRIBUTE || type === INT_ATTRIBUTE);
  return new Map(numbers.map(({ name, type, f, i }) => [name, type === FLOAT_ATTRIBUTE ? f : Number(i)]));
}
interface Attribute {
  name: string;
  type: number;
  f: number;
  i: unknown;
}

/** True for nodes that hold a graph of their own, which may read any name. */
export function hasSubgraph(node: OnnxNode): boolean {
  return node.attribute.some(
    (bytes) => (messageType("Attribute").decode(bytes) as unknown as Attribute).type === GRAPH_ATTRIBUTE,
  );
}

/** TensorProto.DataType */
export const FLOAT = 1;
export const INT64 = 7;
export const FLOAT16 = 10;
export const BOOL = 9;
/** TensorProto.DataLocation */
const EXTERNAL = 1;
/** AttributeProto.AttributeType */
const FLOAT_ATTRIBUTE = 1;
const INT_ATTRIBUTE = 2;
const GRAPH_ATTRIBUTE = 5;
const INTS_ATTRIBUTE = 7;

export const intAttribute = (name: string, i: number) =>
  encode("Attribute", { name, i, type: INT_ATTRIBUTE });
export const intsAttribute = (name: string, ints: number[]) =>
  encode("Attribute", { name, ints, type: INTS_ATTRIBUTE });
export const floatAttribute = (name: string, f: number) =>
  encode("Attribute", { name, f, type: FLOAT_ATTRIBUTE });
export const graphAttribute = (name: string, g: OnnxGraph) =>
  encode("Attribute", { name, g, type: GRAPH_ATTRIBUTE });

/** A graph's input or output; sizes that are not known are names. Without `dims` the rank is unknown too. */
export function value(name: string, elemType: number, dims?: (number | string)[]): OnnxValue {
  const dim = dims?.map((d) => (typeof d === "number" ? { value: d } : { param: d }));
  return { name, type: encode("Type", { tensor: { elemType, ...(dim && { shape: { dim } }) } }) };
}

export function initializer(
  name: string,
  data: Float32Array | BigInt64Array | boolean,
  dims: number[],
): Uint8Array {
  const dataType = data === true || data === false ? BOOL : data instanceof Float32Array ? FLOAT : INT64;
  const rawData =
    typeof data === "boolean"
      ? Uint8Array.of(data ? 1 : 0)
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return encode("Tensor", { dims, dataType, name, rawData });
}

/** Fields of a TensorProto whose bytes lie in a file of the model's folder. */
export function externalData(location: string, offset: number, length: number): Uint8Array {
  const entries = Object.entries({ location, offset: String(offset), length: String(length) });
  const externalData = entries.map(([key, value]) => ({ key, value }));
  return encode("Tensor", { externalData, dataLocation: EXTERNAL });
}

/** Where a TensorProto's bytes lie when they are not in it; the location is relative to the model's folder. */
export function externalOf(
  bytes: Uint8Array,
): { name: string; location: string; offset: number; length: number } | undefined {
  const { name, externalData, dataLocation } = messageType("Tensor").decode(bytes) as unknown as {
    name: string;
    externalData: { key: string; value: string }[];
    dataLocation: number;
  };
  if (dataLocation !== EXTERNAL) return undefined;
  const entry = (key: string) => externalData.find((e) => e.key === key)?.value;
  const number = (key: string) => Number(entry(key) ?? 0);
  return { name, location: entry("location") ?? "", offset: number("offset"), length: number("length") };
}

/** Writes nodes in the order of their use; each call returns the name of the (first) output. */
export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  private count = 0;

  constructor(private readonly prefix: string) {}

  op(
    opType: string,
    input: string[],
    attribute: Uint8Array[] = [],
    output = this.fresh(),
    domain = "",
  ): string {
    this.nodes.push({ input, output: [output], name: `${output}.${opType}`, opType, attribute, domain });
    return output;
  }

  /** For nodes of several outputs. */
  ops(opType: string, input: string[], outputs: number, attribute: Uint8Array[] = []): string[] {
    const output = Array.from({ length: outputs }, () => this.fresh());
    this.nodes.push({ input, output, name: `${output[0]}.${opType}`, opType, attribute, domain: "" });
    return output;
  }

  private fresh(): string {
    return `${this.prefix}v${this.count++}`;
  }
}
