import { type NextRequest, NextResponse } from 'next/server';
import { API, COOKIE } from './lib/session';

/** Whoever opens a page becomes an anonymous user. With an auth provider, its session takes the place of this cookie. */
export async function middleware(request: NextRequest): Promise<NextResponse> {
  if (request.cookies.has(COOKIE)) return NextResponse.next();
  const response = await fetch(`${API}/session`, { method: 'POST' });
  if (!response.ok) return new NextResponse('The chats cannot be reached.', { status: 503 });
  const { token } = (await response.json()) as { token: string };
  request.cookies.set(COOKIE, token);
  const next = NextResponse.next({ request });
  const secure = request.nextUrl.protocol === 'https:';
  next.cookies.set(COOKIE, token, { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge: 180 * 86_400 });
  return next;
}

export const config = { matcher: ['/', '/chat/:path*'] };
