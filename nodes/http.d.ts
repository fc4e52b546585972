// The part of Express that our admin routes use.
export interface Request {
  params: Record<string, string | undefined>;
  query: Record<string, unknown>;
  body: unknown;
}

export interface Response {
  json(body: unknown): void;
  status(code: number): Response;
  set(header: string, value: string): Response;
  send(body: string | Buffer): void;
}

export type RequestHandler = (request: Request, response: Response, next: () => void) => void;

export interface Application {
  get(path: string, ...handlers: RequestHandler[]): void;
  post(path: string, ...handlers: RequestHandler[]): void;
}
