"""From a seed to a directory of tables."""

import time

import numpy as np

from pipelines.sources.simulated import accounts, contacts, everyday, files
from pipelines.sources.simulated import assets as at
from pipelines.sources.simulated import flows as fl
from pipelines.sources.simulated import movements as mv
from pipelines.sources.simulated.days import *
from pipelines.sources.simulated.history import Bank, live_through
from pipelines.sources.simulated.population import draw_population
from pipelines.sources.simulated.rates import DATA_UNTIL, RATES
from pipelines.sources.simulated.staff import branches_of, hire
from pipelines.sources.simulated.streams import Streams
from pipelines.sources.simulated.world import draw_world
from pipelines.sources.simulated.writing import *


def go(customers, months, seed, out, rates=RATES):
    t=time.time()
    def tick(x):
        nonlocal t
        print(f"{x} {time.time()-t:.2f}"); t=time.time()
    cal=Calendar(DATA_UNTIL, months); st=Streams(seed)
    pop=draw_population(customers, cal, st, rates)
    br=branches_of(pop, st, rates); staff=hire(pop, br, cal, st, rates)
    m=mv.draw_movements(pop,cal,st,rates); from pipelines.sources.simulated.mishaps import foresee_mishaps
    bank=Bank(cal, st, rates, draw_world(months, st), pop, br, staff, foresee_mishaps(pop,cal,st,rates,m))
    tick('setup')
    h=live_through(bank, lambda s: None); tick('live')
    ab=mv.draw_absences(pop,cal,st,rates); nd=mv.draw_needs(pop,cal,st,rates)
    a=at.assets_on(bank,h,m,nd); tick('assets')
    sh=at.shares_of(bank); hold=at.draw_holdings(bank,h,sh); tick('holdings')
    parts=accounts.split(a,hold,sh)
    owed=np.zeros((2,*a.total.shape))
    write(accounts.balances_table(bank,a,parts,owed), out,'balances'); tick('balances')
    write(accounts.holdings_table(bank,hold,sh,a), out,'holdings'); tick('holdings')
    fs=[everyday.everyday(bank,h,ab,k) for k in range(months)]; tick('everyday')
    days=np.arange(cal.start,cal.stop)
    fs+= [fl.on_leaving(bank,h), fl.on_movements(bank,h,m), fl.interest_and_fees(bank,h,days)]; tick('otherflows')
    F=fl.Flows.stack(fs); write(accounts.transactions_table(bank,F),out,'transactions'); tick('transactions')
    write(contacts.contacts_table(bank,h),out,'contacts'); write(contacts.complaints_table(bank,h),out,'complaints'); tick('contacts')
    write(files.customers_table(bank,h,np.zeros(pop.size)),out,'customers'); write(files.managers_table(bank),out,'managers'); tick('files')
    f=h.foresight
    first=np.array([cal.edge(k) for k in range(months+1)])
    write(table_of({"customer_id":numbered("C",f.customer),"month_on":dates(first[f.month]),"hazard":numbers(f.hazard),"churn_probability_90":numbers(f.by_90),"churn_probability_180":numbers(f.by_180)}),out/'truth','hazard'); tick('truth')
    return bank,h,F
