/**
 * The peer of a connection, as its transport prints it.
 *
 * @internal
 */
import { Remembered } from "./remembered.js"

const peers = new Remembered((text) => {
  const colon = text.lastIndexOf(":")
  return { address: text.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(colon + 1)) }
})

/** `[::1]:80` is the port 80 of `::1`. */
export const peerOf = (text: string): { readonly address: string; readonly port: number } => peers.of(text)
