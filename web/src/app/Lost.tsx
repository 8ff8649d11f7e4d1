import { Link } from "@tanstack/react-router";
import { t } from "@/lib/strings";

export function Lost() {
  return (
    <main className="grid h-full place-content-center gap-3 p-6 text-center">
      <p className="tabular text-mine text-6xl">404</p>
      <p className="text-lg">{t.common.nowhere}</p>
      <Link to="/" className="text-theirs underline">
        {t.common.toLobby}
      </Link>
    </main>
  );
}
