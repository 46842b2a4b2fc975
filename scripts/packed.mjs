// Installs the packed packages in a scratch project, as a user would, and uses them: every public subpath by `import` and by
// `require`, a real request through each, and their types under both module systems.
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { pack } from "./pack.mjs"
import { fromRoot, publicModules, publicPackages, readJson, run, runBin, writeJson } from "./workspace.mjs"

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "connection-pool-packed-"))
process.on("exit", () => fs.rmSync(scratch, { recursive: true }))

const packages = publicPackages()

/** The peers, in the versions that we develop with. */
const peers = Object.fromEntries(packages.flatMap(({ manifest }) =>
  Object.keys(manifest.peerDependencies)
    .filter((name) => !name.startsWith("@connection-pool/"))
    .map((name) => [name, manifest.devDependencies[name]])
))

writeJson(path.join(scratch, "package.json"), {
  private: true,
  dependencies: {
    ...peers,
    ...Object.fromEntries(
      Object.entries(pack(path.join(scratch, "tarballs"))).map(([name, file]) => [name, `file:${file}`])
    )
  }
})
run("npm", ["install", "--no-audit", "--no-fund", "--silent"], { cwd: scratch })

const specifiers = packages.flatMap((pkg) => [
  pkg.manifest.name,
  ...publicModules(pkg).map((name) => `${pkg.manifest.name}/${name}`)
])
const hidden = ["@connection-pool/core/internal/connectionPool", "@connection-pool/core/machine/poolMachine"]

// What is done with the modules; `load` is `import()` or `require`.
fs.writeFileSync(
  path.join(scratch, "exercise.cjs"),
  `
const assert = require("node:assert/strict")
const http = require("node:http")

exports.exercise = async (load) => {
  for (const specifier of ${JSON.stringify(specifiers)}) await load(specifier)
  for (const specifier of ${JSON.stringify(hidden)}) {
    await assert.rejects(async () => load(specifier), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" })
  }

  const { ConnectionPool, PoolError } = await load("@connection-pool/core")
  const lost = new PoolError.ConnectionLost({
    origin: "http://a", progress: "maybe-sent", reason: "reset", reused: true, bytesReceived: 0
  })
  assert.ok(PoolError.isPoolError(lost))
  assert.equal(PoolError.isSafeToRepeat(lost, { method: "POST" }), false)
  assert.equal(PoolError.isSafeToRepeat(lost, { method: "PUT" }), true)

  const { NodeConnectionPool } = await load("@connection-pool/platform-node")
  const { Effect } = await load("effect")
  const { HttpBody, HttpClient } = await load("@effect/platform")
  const server = http.createServer((request, response) => request.pipe(response)).listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  let sockets = 0
  server.on("connection", () => sockets++)
  const url = "http://127.0.0.1:" + server.address().port
  const program = Effect.gen(function*() {
    const pool = yield* ConnectionPool.ConnectionPool
    for (const body of ["one", "two"]) {
      const response = yield* pool.execute({ method: "POST", url, body })
      assert.equal(response.status, 200)
      assert.equal(Buffer.from(response.body).toString(), body)
    }
    const client = yield* HttpClient.HttpClient
    const response = yield* client.post(url, { body: HttpBody.text("three") })
    assert.equal(yield* response.text, "three")
  })
  await Effect.runPromise(Effect.provide(program, NodeConnectionPool.layerHttpClient({ decompress: true })))
  assert.equal(sockets, 1)

  const NodeInspector = await load("@connection-pool/inspector/NodeInspector")
  const { Layer } = await load("effect")
  const { HttpServer } = await load("@effect/platform")
  const inspected = Effect.gen(function*() {
    const { address } = yield* HttpServer.HttpServer
    for (const [path, part] of [["", "<title>Connection pool"], ["stats", '"waiting":0'], ["metrics", ""]]) {
      const answer = yield* Effect.promise(() => fetch("http://127.0.0.1:" + address.port + "/" + path))
      assert.equal(answer.status, 200)
      assert.ok((yield* Effect.promise(() => answer.text())).includes(part))
    }
  })
  const inspector = NodeInspector.layer({ port: 0 }).pipe(Layer.provide(NodeConnectionPool.layer()))
  await Effect.runPromise(Effect.provide(inspected, inspector))

  const { ConnectionPoolCore } = await load("@connection-pool/platform-node/ConnectionPoolCore")
  const core = new ConnectionPoolCore({ maxSockets: 1 })
  const created = []
  core.on("socket-created", ({ socketId }) => created.push(socketId))
  for (const id of [4, 5]) assert.deepEqual((await core.execute(url, { body: { id } })).data, { id })
  await core.close()
  assert.deepEqual([created.length, core.getMetrics().socketReusePercentage, sockets], [1, "50.00%", 2])
  await assert.rejects(core.execute(url), { name: "PoolClosed", code: "ERR_POOL_CLOSED" })
  server.close() // the process must now end by itself
  return "3 requests on 1 connection, 2 without Effect on another"
}
`
)

const loaders = {
  "load.mjs": `import { exercise } from "./exercise.cjs"
console.log("import: " + await exercise((specifier) => import(specifier)))
`,
  "load.cjs": `require("./exercise.cjs").exercise(require).then((done) => console.log("require: " + done))
`
}
for (const [file, text] of Object.entries(loaders)) {
  fs.writeFileSync(path.join(scratch, file), text)
  run(process.execPath, ["--unhandled-rejections=strict", file], { cwd: scratch, timeout: 30_000 })
}

// Types, those of our declarations included: what @internal took away must not be missed.
const text = specifiers.map((specifier, index) => `export * as m${index} from "${specifier}"`).join("\n")
fs.writeFileSync(path.join(scratch, "types.mts"), `${text}\n`)
fs.writeFileSync(path.join(scratch, "types.cts"), `${text}\n`)
writeJson(path.join(scratch, "tsconfig.json"), {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2022", "DOM", "DOM.Iterable", "ESNext.Disposable"],
    types: ["node"],
    typeRoots: [fromRoot("node_modules", "@types")]
  },
  files: ["types.mts", "types.cts"]
})
runBin("tsc", ["-p", scratch], { cwd: scratch })
console.log(
  `types: ${specifiers.length} modules from ES modules and from CommonJS, TypeScript ${
    readJson(fromRoot("node_modules", "typescript", "package.json")).version
  }`
)
