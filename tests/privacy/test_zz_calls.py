from tests.privacy.worlds import *
from tests.privacy.conftest import *
from tests.engine import engine, issuer
from tests.crash import watched
import time
def test_x(vault):
    t=time.time(); shop=Books(vault,small=True); id=shop.confirmed(waive=True); print("prepare",time.time()-t)
    with watched([vault.store.connection.client, vault.files.client, vault.keys.client]) as c:
        t=time.time(); carried(vault); print("run",time.time()-t)
    print(len(c.made), c.made)
