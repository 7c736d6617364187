import * as vscode from "vscode";
import { nodeId, type PoolNode } from "./nodes.js";
import type { Row } from "./rows.js";

const { Collapsed, None } = vscode.TreeItemCollapsibleState;

/** A row as the editor draws it. Its tooltip comes when somebody asks for it. */
export function treeItem(node: PoolNode, row: Row): vscode.TreeItem {
  const { label, description, spoken, icon, color, context, parent } = row;
  const item = new vscode.TreeItem(label, parent ? Collapsed : None);
  item.id = nodeId(node);
  item.description = description;
  item.iconPath = new vscode.ThemeIcon(icon, color ? new vscode.ThemeColor(color) : undefined);
  item.contextValue = context;
  item.accessibilityInformation = { label: spoken };
  if (node.type === "attempt") {
    item.command = {
      ...{ command: "errata.review", title: "Open Review" },
      arguments: [{ attemptId: node.attempt.id }],
    };
  }
  if (node.type === "more") {
    item.command = { command: "errata.loadMore", title: "Load More", arguments: [node] };
  }
  return item;
}
