// Whom the run asks: opens sites, and tells of them.
import * as Deaf from "./deaf.js"
import type { FromServer, ToServer } from "./messages.js"
import { Site } from "./site.js"

export type Ask = (question: ToServer) => Promise<FromServer>

export const make = (): Ask => {
  const sites = new Map<number, Site>()
  return async (question) => {
    switch (question.type) {
      case "open": {
        const site = new Site()
        await site.listen()
        sites.set(site.port, site)
        return site.report
      }
      case "report": {
        const site = sites.get(question.port)
        if (site === undefined) throw new Error(`there is no site on port ${question.port}`)
        await site.settled(question.open, question.within)
        return site.report
      }
      case "deaf":
        return { port: await Deaf.open() }
    }
  }
}
