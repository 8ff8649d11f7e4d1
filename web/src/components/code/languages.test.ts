import { indentUnit, syntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { expect, it } from "vitest";
import { inLanguage, languageMode } from "./languages";

const root = (state: EditorState) => syntaxTree(state).type.name;

it("reads each language by its own grammar, and indents as it is usual there", () => {
  const python = EditorState.create({ doc: "x = 1", extensions: languageMode("python") });
  const turned = (["cpp", "java", "javascript"] as const).map(
    (language) => python.update({ effects: inLanguage(language) }).state,
  );
  expect([python, ...turned].map(root)).toEqual(["Script", "Program", "Program", "Script"]);
  expect([python, ...turned].map((state) => state.facet(indentUnit).length)).toEqual([4, 4, 4, 2]);
});
