// What docs/operations asks Prometheus for.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parse } from "yaml"

const directory = new URL("../../../../docs/operations/", import.meta.url)

export const fileOf = (name: string): string => fileURLToPath(new URL(name, directory))

const read = (name: string): string => readFileSync(fileOf(name), "utf8")

export interface Expression {
  readonly place: string
  readonly expr: string
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: ReadonlyArray<{ readonly refId: string; readonly expr: string }>
}

interface Variable {
  readonly name: string
  readonly definition?: string
}

export interface Dashboard {
  readonly panels: ReadonlyArray<Panel>
  readonly templating: { readonly list: ReadonlyArray<Variable> }
}

export interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}

export const dashboard = JSON.parse(read("dashboard.json")) as Dashboard

export const page = read("README.md")

export const rules =
  (parse(read("alerts.yml")) as { readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<Rule> }> })
    .groups.flatMap((group) => group.rules)

/** As Grafana asks, when all is chosen. */
const chosen = (expr: string) => expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$(job|pool|origin)\b/g, ".*")

const ofDashboard = dashboard.panels.flatMap(({ targets = [], title }) =>
  targets.map(({ expr, refId }) => ({ place: `dashboard.json, ${title}, ${refId}`, expr: chosen(expr) }))
)

const ofRules = rules.map(({ alert, expr }) => ({ place: `alerts.yml, ${alert}`, expr }))

/** One a line, in the blocks of PromQL. */
const ofPage = [...page.matchAll(/```promql\n(.*?)```/gs)].flatMap(([, block = ""]) =>
  block.trim().split("\n").filter((line) => !line.startsWith("#")).map((expr) => ({ place: "README.md", expr }))
)

export const expressions: ReadonlyArray<Expression> = [...ofDashboard, ...ofRules, ...ofPage]

const everywhere = ["http_client_connection_pool_name", "server_address", "server_port", "url_scheme"]

/** The page's table: a metric's kind and its labels, without those that Prometheus adds. */
export const table: ReadonlyMap<string, { readonly kind: string; readonly labels: ReadonlyArray<string> }> = new Map(
  [...page.matchAll(/^\| `(http_[a-z_]+)` \| ([a-z]+) \|(.*?)\|/gm)].map(([, name = "", kind = "", others = ""]) => {
    const labels = [...others.matchAll(/`([a-z_]+)`/g)].map(([, label = ""]) => label)
    return [name, { kind, labels: [...everywhere, ...labels] }]
  })
)
