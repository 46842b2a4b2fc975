// What stands behind the doors: reads requests, looks whether they are whole, counts them, and does with each what its header says.
import * as http from "node:http"
import * as https from "node:https"
import type { Socket } from "node:net"
import { bodyOf } from "../simulation/bodies.js"
import type { Random } from "../simulation/random.js"
import type { Door, OnIdle } from "./doors.js"
import { faultNamed, noFault } from "./faults.js"
import type { Scene } from "./faults/fault.js"
import { isBelow } from "./faults/fault.js"
import type { Certificate, Tally } from "./messages.js"
import { countIn, header, nameOf } from "./messages.js"
import { Sightings } from "./sightings.js"

/** What the parser says of a request that is none; that one has no end, since its connection has one, is no fault of its own. */
const isMalformed = (code = ""): boolean => code.startsWith("HPE_") && code !== "HPE_INVALID_EOF_STATE"

export class Staff {
  readonly sightings = new Sightings()
  private accepted = 0
  private requests = 0
  private readonly acts = new Map<string, number>()
  private readonly problems = new Map<string, number>()
  /** The number of the last request of each connection. */
  private readonly newest = new WeakMap<Socket, number>()

  get tally(): Tally {
    const { accepted, acts, problems, requests } = this
    return { accepted, requests, acts, problems }
  }

  open(door: Door, random: Random, { cert, key }: Certificate): Promise<number> {
    const options = { noDelay: true, keepAliveTimeout: 60_000, requestTimeout: 0 }
    const server = door.secure === true ? https.createServer({ ...options, cert, key }) : http.createServer(options)
    /** By the client's port: TLS does not say what it stands on. */
    const sockets = new Map<number | undefined, Socket>()
    server.on("connection", (socket: Socket) => {
      const { remotePort } = socket
      this.accepted++
      socket.on("error", () => {})
      if (door.secure !== true) return
      sockets.set(remotePort, socket)
      socket.once("close", () => sockets.delete(remotePort))
    })
    server.on("secureConnection", (secure: Socket) => {
      const socket = sockets.get(secure.remotePort)
      secure.on("error", () => {})
      if (socket !== undefined) isBelow(socket, secure)
    })
    let onIdle: OnIdle | undefined
    server.on("request", (request, response) => this.serve(request, response, random, onIdle))
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (isMalformed(error.code)) countIn(this.problems, `a malformed request: ${error.code}`)
      socket.destroy()
    })
    return door.open({
      server,
      random,
      acts: () => countIn(this.acts, door.name),
      whenIdle: (act) => onIdle = act
    })
  }

  private serve(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    random: Random,
    onIdle: OnIdle | undefined
  ): void {
    const { socket } = request
    const id = Number(request.headers[header.id])
    const size = Number(request.headers[header.size])
    this.requests++
    request.on("error", () => {})
    response.on("error", () => {})
    const seen = Number.isInteger(id) ? this.sightings.see(id) : undefined
    if (seen === undefined) {
      countIn(this.problems, "a request that is not known, or comes when it is long over")
      return void socket.destroy()
    }
    this.newest.set(socket, id)
    if (onIdle !== undefined) response.once("finish", () => onIdle(socket, () => this.newest.get(socket) === id))
    const fault = faultNamed(String(request.headers[header.fault])) ?? noFault
    if (fault !== noFault) countIn(this.acts, fault.name)
    const body = Buffer.from(bodyOf(nameOf(id), size))
    const scene: Scene = {
      request,
      response,
      socket,
      random,
      body,
      some: body.toString("latin1", 0, 4),
      seen,
      head: (...lines) => ["HTTP/1.1 200 OK", `${header.id}: ${id}`, ...lines, "", ""].join("\r\n"),
      answer: () => {
        response.setHeader(header.id, id)
        // Either framing.
        if (random.chance(0.7)) response.setHeader("content-length", size)
        else if (size > 1) response.write(body.subarray(0, size / 2))
        response.end(response.headersSent ? body.subarray(size / 2) : body)
      },
      after: (milliseconds, act) => {
        const run = (): void => void (socket.destroyed || act())
        if (milliseconds === 0) setImmediate(run)
        else setTimeout(run, milliseconds)
      }
    }
    if (fault.early === true) fault.act(scene)
    if (fault.name === "stops reading the upload") return
    this.readUpload(request, nameOf(id), () => {
      if (fault.early !== true) fault.act(scene)
    })
  }

  /** Every byte has to be the one that the request with this name has at this place. */
  private readUpload(request: http.IncomingMessage, name: string, onWhole: () => void): void {
    const size = Number(request.headers[header.upload])
    const own = bodyOf(name, size)
    let at = 0
    request.on("data", (piece: Buffer) => {
      if (!piece.equals(own.subarray(at, at + piece.length))) countIn(this.problems, "bytes that are not the request's")
      at += piece.length
    })
    request.on("end", () => {
      if (at !== size) countIn(this.problems, "a request's body that is shorter or longer than it was")
      onWhole()
    })
  }
}
