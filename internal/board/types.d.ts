// The types of the board's JavaScript, for make board-lint. Nothing here is served.
//
// The messages are those of package internal/event of the Go module, as JSON.

export interface Position {
  epoch: string;
  seq: number;
}

export interface Project {
  name: string;
  account_id: string;
  region: string;
  on_delete: string;
  sftp?: boolean;
  tags?: Record<string, string>;
  closing?: boolean;
}

export interface Bucket {
  name: string;
  bucket_name: string;
  unversioned?: boolean;
  kms_key_arn?: string;
  lifecycle_rules?: {
    expire_after_days?: number;
    expire_noncurrent_after_days?: number;
    abort_multipart_after_days?: number;
  };
  object_lock?: { mode: string; days: number };
  cors?: { allowed_origins: string[]; allowed_methods: string[] }[];
  on_delete: string;
  tags?: Record<string, string>;
}

export interface Key {
  created: string;
  inactive?: string;
}

export interface User {
  name: string;
  source_ips?: string[];
  access_key?: {
    disabled?: boolean;
    rotation?: { every_days: number; overlap_days?: number };
    keys?: Record<string, Key>;
  };
  secret_readers?: string[];
  sftp?: { ssh_public_keys: string[] };
  tags?: Record<string, string>;
}

export interface Permission {
  user: string;
  bucket: string;
  prefix?: string;
  access: string;
  allow_delete?: boolean;
}

export interface Listing {
  name: string;
  account_id: string;
  region: string;
}

export interface Entities {
  project?: Project;
  buckets?: Bucket[];
  users?: User[];
  permissions?: Permission[];
  listings?: Listing[];
}

/** An entity of a kind by its name in the model. */
export type Named =
  | { kind: "project"; name: string; entity: Project }
  | { kind: "bucket"; name: string; entity: Bucket }
  | { kind: "user"; name: string; entity: User }
  | { kind: "permission"; name: string; entity: Permission }
  | { kind: "listing"; name: string; entity: Listing };
export type NamedOf<K extends Named["kind"]> = Extract<Named, { kind: K }>;

export interface ID {
  kind: string;
  name: string;
}

export interface Version {
  stack_id: string;
  last_updated: string;
  phase: number;
}

export interface Operation {
  token: string;
  run?: string;
  who?: string;
  members?: string[];
  started: string;
  expires: string;
}

export interface StackState {
  shard: number;
  stack_name: string;
  version: Version;
  status: string;
  revision: number;
  reason: string;
  operation: Operation | null;
}

export interface Facts {
  usage: { resources: number };
  budget: { resources: number };
  policies?: Record<string, number>;
  max_policies: number;
  deviations?: { of?: ID[]; text: string; live?: boolean }[];
  drift_checked?: string;
}

export interface StackChange extends StackState {
  ended?: Operation;
  facts?: Facts;
  put?: Entities;
  removed?: ID[];
  reload?: boolean;
  drift_only?: boolean;
}

export interface StackSnapshot extends StackState {
  contents?: Version;
  facts?: Facts;
  entities?: Entities;
}

export interface Commit {
  seq: number;
  time: string;
  shard: number;
  stack_name: string;
  status: string;
  revision: number;
  run?: string;
  who?: string;
  started?: string;
  put?: ID[];
  put_count: number;
  removed?: ID[];
  removed_count: number;
}

/** A message that is received. data depends on type and is checked where it is read. */
export interface Message {
  v: number;
  type: string;
  project: string;
  epoch: string;
  seq: number;
  revision?: number;
  time: string;
  run?: string;
  id?: string;
  part?: number;
  parts?: number;
  // biome-ignore lint/suspicious/noExplicitAny: its type depends on the message's
  data: any;
}

/** A message that is sent. */
export interface Request {
  v: number;
  type: "hello" | "snapshot" | "resume";
  project?: string;
  epoch?: string;
  seq?: number;
  data?: { versions: number[]; projects?: Record<string, Position> };
}

/** What a view knows of a stack. */
export interface Stack extends StackState {
  contents: Version;
  facts: Facts | null;
  entities: Map<string, Named>;
}

export interface Gap {
  from: Position;
  to: Position;
  reason: string;
}

/** The entities of a project in the order in which they are shown. */
export interface Index {
  changes: number;
  project: Project | null;
  buckets: NamedOf<"bucket">[];
  users: NamedOf<"user">[];
  permissions: Map<string, NamedOf<"permission">[]>;
  dangling: NamedOf<"permission">[];
}

/** What a row or a detail panel is about. */
export interface ObjectID {
  project: string;
  kind: string;
  name: string;
}

export interface Change {
  id: string;
  project: string;
  who: string;
  run: string;
  members: string[];
  stack?: string;
  status?: string;
  started: number;
}

export interface Attention {
  id: string;
  project: string;
  targets: string[];
  severe: boolean;
  title: string;
  text: string;
}

export interface ShownCommit {
  id: string;
  project: string;
  time: number;
  outcome: string;
  status: string;
  stack: string;
  who: string;
  run: string;
  put: string[];
  removed: string[];
  more: number;
  count: number;
  took: number;
}

export interface Row {
  id: string;
  object: ObjectID;
  level: number;
  kind: string;
  name: string;
  detail: string;
  badges: string[];
  state: string;
  open?: boolean;
  position: number;
  count: number;
}

/** A row before its place among its siblings is known. */
export type UnplacedRow = Omit<Row, "position" | "count">;

export interface DetailItem {
  text: string;
  object?: ObjectID;
}

export interface DetailPart {
  title: string;
  items: DetailItem[];
  empty?: string;
}

export interface DetailContent {
  facts: [string, string][];
  lists: DetailPart[];
  links: { text: string; url: string }[];
}

/** What the page's server tells it: Settings of the Go package. */
export interface Settings {
  websocket?: string;
  issuer: string;
  client_id: string;
  scope?: string;
  projects_claim?: string;
}

/** The tokens of a session. refresh_token is "" for one that is not renewed. */
export interface Tokens {
  issuer: string;
  client_id: string;
  id_token: string;
  refresh_token: string;
}

/** The claims of an ID token. Their types are checked where they are read. */
export interface Claims {
  iat?: number;
  exp?: number;
  sub?: string;
  [name: string]: unknown;
}

export type ConnectionState = "connecting" | "live" | "reconnecting" | "expired" | "refused" | "outdated";
