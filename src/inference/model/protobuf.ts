/** protobufjs, loaded when the first graph is read: the editor's activation does without. */
export function protobuf(): typeof import("protobufjs/light.js") {
  return require("protobufjs/light.js") as typeof import("protobufjs/light.js");
}
