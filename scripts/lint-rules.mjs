// ESLint rules of our own.

const isDocComment = (comment) => comment !== undefined && comment.type === "Block" && comment.value.startsWith("*")

/** docgen checks what a JSDoc block says, but passes an export that has none at all. */
const documentedExports = {
  meta: {
    type: "problem",
    schema: [],
    messages: { undocumented: "A public export needs a JSDoc block of its own (prose, @since, @category)." }
  },
  create: (context) => {
    const described = new Set()
    const nameOf = (node) => {
      const declaration = node.declaration
      return declaration?.id?.name ?? declaration?.declarations?.[0]?.id?.name
    }
    const check = (node) => {
      // Blocks of a module comment stand before the imports; an export needs the block right above it.
      const comments = context.sourceCode.getCommentsBefore(node)
      const name = nameOf(node)
      if (isDocComment(comments.at(-1))) {
        // One block for a type and a value of the same name, and for the overloads of a function.
        if (name !== undefined) described.add(name)
      } else if (name === undefined || !described.has(name)) {
        context.report({ node, messageId: "undocumented" })
      }
    }
    return { ExportNamedDeclaration: check, ExportDefaultDeclaration: check, ExportAllDeclaration: check }
  }
}

export const localRules = { rules: { "documented-exports": documentedExports } }
