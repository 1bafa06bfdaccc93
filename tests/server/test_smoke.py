from tests.server.hall_under_test import Running

async def test_all(hall: Running):
    print(await hall.call("GET", "/halls/demo"))
    print(await hall.take(service=None) if 0 else await hall.take())
    print(await hall.call("POST", "/halls/demo/tickets", {"service": "company-setup", "class":"priority"}, role="kiosk", headers={"Idempotency-Key": "k1"}))
    print(await hall.call("POST", "/halls/demo/tickets", {"service": "company-setup", "class":"priority"}, role="kiosk", headers={"Idempotency-Key": "k1"}))
    print(await hall.act("1", "open"))
    print(await hall.act("1", "call-next"))
    print(await hall.call("GET", "/halls/demo/windows/1", role="clerk"))
    print(await hall.call("GET", "/halls/demo/tickets/A002/history", role="clerk"))
    for p in ["/halls","/halls/demo/services","/halls/demo/queue-monitor"]:
        print(await hall.call("GET", p))
    for p in ["/halls/demo/devices","/halls/demo/journal?limit=2","/halls/demo/printers/printer-1/slips"]:
        print(await hall.call("GET", p, role="admin"))
    for p in ["/","/h/demo/board","/h/demo/status","/login","/api/docs","/healthz","/readyz","/metrics","/static/js/dom.js", "/nothing", "/h/demo/kiosk"]:
        s,t,h = await hall.page(p)
        print(p, s, len(t), t[:300] if s!=200 else "", h.get("Location"))
    print((await hall.call("GET", "/openapi.json"))[1]["paths"].keys())
    print(await hall.call("DELETE", "/halls/demo", headers={"Accept-Language":"en"}))
