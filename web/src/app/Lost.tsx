import { Link } from "@tanstack/react-router";

export function Lost() {
  return (
    <main className="grid h-full place-content-center gap-3 p-6 text-center">
      <p className="tabular text-mine text-6xl">404</p>
      <p className="text-lg">There is nothing at this address.</p>
      <Link to="/" className="text-theirs underline">
        Go to the lobby
      </Link>
    </main>
  );
}
