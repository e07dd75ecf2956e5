"""info: what the server says about itself and the caller."""

import time

from . import VERSION_TEXT, auth, clientspec
from .command import Context, command
from .messages import M
from .options import Options


def uptime(server) -> str:
    seconds = int(time.time() - server.started)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _encryption(server) -> list:
    if server.tls is None:
        return []
    return [M.InfoServerEncryption(serverEncryption="encrypted"),
            M.InfoServerCertExpire(serverCertExpire=server.certificate_expires)]


def server_facts(ctx: Context) -> list[tuple[str, object, object]]:
    """The server's half of info: (tagged key, value, plain message or None)."""
    server, store = ctx.server, ctx.store
    now = time.localtime()
    date, zone = time.strftime("%Y/%m/%d %H:%M:%S", now), time.strftime("%z %Z", now)
    ident, _, day = VERSION_TEXT.rstrip(")").partition(" (")
    security = auth.security(store)
    server_id, case = store.config("serverid"), store.config("caseHandling", "sensitive")
    return [
        ("serverName", server_id or None, None),
        ("monitor", "enabled" if store.config("monitor", "1") != "0" else "disabled", None),
        ("security", str(security) if security else "disabled", None),
        ("externalAuth", "disabled", None),
        ("serverAddress", server.address, M.InfoServerAddress(serverAddr=server.address)),
        ("serverRoot", server.root, M.InfoServerRoot(serverRoot=server.root)),
        ("serverDate", f"{date} {zone}", M.InfoServerDate(serverDate=date, serverTimeZone=zone)),
        ("tzoffset", now.tm_gmtoff, None),
        ("serverUptime", uptime(server), M.InfoServerUptime(uptime=uptime(server))),
        ("serverVersion", VERSION_TEXT, M.InfoServerVersion(id=ident, idDate=day)),
        *[(None, None, message) for message in _encryption(server)],
        ("ServerID", server_id or None, M.InfoServerID(ServerID=server_id) if server_id else None),
        ("serverServices", "standard", M.InfoServerServices(ServerServices="standard")),
        ("serverLicense", "none", M.InfoServerLicense(license="none")),
        ("caseHandling", case, M.InfoCaseHandling(caseHandling=case)),
        ("unicode", "enabled" if store.config("unicode") == "1" else None, None),
        ("serverEncryption", "encrypted" if server.tls else None, None),
        ("serverCertExpires", server.certificate_expires, None),
    ]


def client_facts(ctx: Context, short: bool) -> list[tuple[str, object, object]]:
    session = ctx.session
    client = None if short else clientspec.load(ctx.store, ctx.client_name)
    facts = [("userName", ctx.user, M.InfoUser(user=ctx.user)),
             ("clientName", ctx.client_name, M.InfoClient(client=ctx.client_name)),
             (None, None, M.InfoHost(host=ctx.host))]
    if client is not None:
        lock = "locked" if "locked" in (client.options or "").split() else "none"
        facts += [("clientRoot", client.root, M.InfoClientRoot(root=client.root)),
                  ("clientLock", lock, None)]
        if client.stream:
            facts.append(("clientStream", client.stream, M.InfoStream(stream=client.stream)))
    elif not short:
        facts[1] = ("clientName", "*unknown*", facts[1][2])
        facts.append((None, None, M.InfoUnknownClient()))
    peer = f"{session.peer_host}:{session.peer_port}"
    return facts + [
        ("clientCwd", ctx.cwd, M.InfoDirectory(dirName=ctx.cwd)),
        ("clientHost", ctx.host, None),
        ("clientCase", "sensitive", None),
        ("peerAddress", peer, M.InfoPeerAddress(peerAddr=peer)),
        ("clientAddress", session.peer_host, M.InfoClientAddress(clientAddr=session.peer_host)),
    ]


@command("info", "s", M.UseInfo, maximum=0, level=None, auth=False)
def info(ctx: Context, opts: Options) -> None:
    facts = client_facts(ctx, "s" in opts) + server_facts(ctx)
    if ctx.tagged:
        ctx.record([(key, value) for key, value, _ in facts if key])
        return
    for _, _, message in facts:
        if message is not None:
            ctx.message(message)
